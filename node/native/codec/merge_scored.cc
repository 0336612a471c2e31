#include <algorithm>
#include <unordered_set>

#include "codec/batch_sources.h"
#include "codec/points_output.h"
#include "codec/score_order.h"
#include "io/errors.h"

namespace vdb {

std::vector<std::uint8_t> merge_scored(std::span<const std::span<const std::uint8_t>> batches, bool higher_is_better,
                                       std::size_t offset, std::size_t limit) {
  BatchSources sources(batches, {true, false, false});
  if (!sources.contents().scores) throw FormatError("point batches to merge have no scores");
  std::vector<BatchSources::Source>& points = sources.points();
  std::stable_sort(points.begin(), points.end(), [&](const auto& a, const auto& b) {
    return better_score(a.point, b.point, higher_is_better);
  });
  PointBatchWriter writer(sources.contents(), sources.names());
  std::unordered_set<PointId> seen;
  std::size_t skipped = 0;
  for (const BatchSources::Source& source : points) {
    if (writer.count() == limit) break;
    if (seen.insert(source.point.id).second && skipped++ >= offset) writer.point(source.point);
  }
  return writer.take();
}

}  // namespace vdb
