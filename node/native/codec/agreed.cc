#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "codec/batch_sources.h"
#include "codec/content_digest.h"
#include "codec/points_output.h"
#include "codec/score_order.h"

namespace vdb {
namespace {

using Sources = std::vector<BatchSources::Source>;

/** Batches that hold a point with one content. */
struct Holders {
  const BatchSources::Source* first = nullptr;
  std::size_t count = 0;
};

/** For each id the content that most batches hold, of equally many the one that was seen first; only from `minimum` on. */
std::vector<BatchPoint> agreed_points(const Sources& sources, std::span<const std::string> names, std::size_t minimum) {
  std::map<std::tuple<ContentDigest, std::uint32_t>, Holders> contents;
  std::unordered_map<PointId, Holders> chosen;
  std::unordered_set<PointId> seen;
  std::size_t batch = 0;
  for (const BatchSources::Source& source : sources) {
    if (source.batch != batch) seen.clear();
    batch = source.batch;
    // A batch that has a point twice still speaks once.
    if (!seen.insert(source.point.id).second) continue;
    Holders& holders = contents[{digest_point(source.point, names), std::bit_cast<std::uint32_t>(source.point.score)}];
    if (holders.first == nullptr) holders.first = &source;
    ++holders.count;
    Holders& best = chosen[source.point.id];
    if (holders.count > best.count || (holders.count == best.count && holders.first < best.first)) best = holders;
  }
  std::vector<BatchPoint> points;
  for (const BatchSources::Source& source : sources) {
    const auto found = chosen.find(source.point.id);
    if (found->second.first == &source && found->second.count >= minimum) points.push_back(source.point);
  }
  return points;
}

/** Whether best-first batches have higher scores first; true where no scores differ. */
bool descends(const Sources& sources) {
  for (std::size_t i = 1; i < sources.size(); ++i) {
    if (sources[i].batch != sources[i - 1].batch) continue;
    const float before = score_rank(sources[i - 1].point.score, true);
    const float after = score_rank(sources[i].point.score, true);
    if (before != after) return before > after;
  }
  return true;
}

}  // namespace

std::vector<std::uint8_t> agreed(std::span<const std::span<const std::uint8_t>> batches, std::size_t minimum, AgreedOrder order) {
  BatchSources sources(batches, {});
  std::vector<BatchPoint> points = agreed_points(sources.points(), sources.names(), minimum);
  const auto sort_by_score = [&](bool higher) {
    std::stable_sort(points.begin(), points.end(), [&](const auto& a, const auto& b) { return better_score(a, b, higher); });
  };
  switch (order) {
    case AgreedOrder::kScored:
      if (sources.contents().scores) sort_by_score(descends(sources.points()));
      break;
    case AgreedOrder::kHigher: sort_by_score(true); break;
    case AgreedOrder::kLower: sort_by_score(false); break;
    case AgreedOrder::kId:
      std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
      break;
  }
  PointBatchWriter writer(sources.contents(), sources.names());
  for (const BatchPoint& point : points) writer.point(point);
  return writer.take();
}

}  // namespace vdb
