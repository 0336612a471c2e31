#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "io/errors.h"

namespace vdb {
namespace {

struct Candidate {
  std::size_t batch;
  BatchPoint point;
};

/** Positions that the names of one batch have in the merged name table. */
std::vector<std::uint16_t> positions(const std::vector<std::string>& names, std::vector<std::string>& merged) {
  std::vector<std::uint16_t> result;
  result.reserve(names.size());
  for (const std::string& name : names) {
    const auto found = std::find(merged.begin(), merged.end(), name);
    result.push_back(static_cast<std::uint16_t>(found - merged.begin()));
    if (found == merged.end()) merged.push_back(name);
  }
  return result;
}

/** Scores that overflowed into NaN go last; comparing them as they are would be no order at all. */
float rank(float score, bool higher_is_better) {
  if (std::isnan(score)) return -std::numeric_limits<float>::infinity();
  return higher_is_better ? score : -score;
}

bool same(const BatchContents& a, const BatchContents& b) {
  return a.scores == b.scores && a.payloads == b.payloads && a.vectors == b.vectors;
}

}  // namespace

std::vector<std::uint8_t> merge_scored(std::span<const std::span<const std::uint8_t>> batches, bool higher_is_better,
                                       std::size_t offset, std::size_t limit) {
  std::vector<Candidate> candidates;
  std::vector<std::string> names;
  std::vector<std::vector<std::uint16_t>> name_positions;
  BatchContents contents{true, false, false};
  for (std::size_t i = 0; i < batches.size(); ++i) {
    PointBatchReader reader(batches[i]);
    if (i == 0) contents = reader.contents();
    if (!reader.contents().scores || !same(contents, reader.contents())) {
      throw FormatError("point batches to merge do not hold the same parts");
    }
    name_positions.push_back(positions(reader.names(), names));
    for (Candidate candidate{i, {}}; reader.next(candidate.point);) candidates.push_back(candidate);
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
    const float rank_a = rank(a.point.score, higher_is_better);
    const float rank_b = rank(b.point.score, higher_is_better);
    return rank_a != rank_b ? rank_a > rank_b : a.point.id < b.point.id;
  });
  PointBatchWriter writer(contents, names);
  std::unordered_set<PointId> seen;
  std::size_t skipped = 0;
  for (Candidate& candidate : candidates) {
    if (writer.count() == limit) break;
    BatchPoint& point = candidate.point;
    if (!seen.insert(point.id).second || skipped++ < offset) continue;
    writer.begin_point(point.id, point.version, point.score);
    writer.payload(point.payload);
    for (VectorView& vector : point.vectors) {
      vector.name = name_positions[candidate.batch][vector.name];
      writer.vector(vector);
    }
  }
  return writer.take();
}

}  // namespace vdb
