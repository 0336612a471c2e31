#include "codec/batch_sources.h"

#include <limits>
#include <unordered_map>

#include "io/errors.h"

namespace vdb {
namespace {

bool same(const BatchContents& a, const BatchContents& b) {
  return a.scores == b.scores && a.payloads == b.payloads && a.vectors == b.vectors;
}

}  // namespace

BatchSources::BatchSources(std::span<const std::span<const std::uint8_t>> batches, BatchContents contents)
    : contents_(contents) {
  std::unordered_map<std::string, std::uint16_t> positions;
  for (std::size_t batch = 0; batch < batches.size(); ++batch) {
    PointBatchReader reader(batches[batch]);
    if (batch == 0) contents_ = reader.contents();
    if (!same(contents_, reader.contents())) throw FormatError("point batches to merge do not hold the same parts");
    std::vector<std::uint16_t> merged;
    for (const std::string& name : reader.names()) {
      const auto [found, added] = positions.emplace(name, static_cast<std::uint16_t>(names_.size()));
      if (added) names_.push_back(name);
      if (names_.size() > std::numeric_limits<std::uint16_t>::max()) throw FormatError("point batches have too many names");
      merged.push_back(found->second);
    }
    for (Source source{batch, {}}; reader.next(source.point);) {
      for (VectorView& vector : source.point.vectors) vector.name = merged[vector.name];
      points_.push_back(source);
    }
  }
}

}  // namespace vdb
