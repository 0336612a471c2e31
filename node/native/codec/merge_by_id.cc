#include <algorithm>
#include <unordered_map>

#include "codec/batch_sources.h"
#include "codec/points_output.h"

namespace vdb {

std::vector<std::uint8_t> merge_by_id(std::span<const std::span<const std::uint8_t>> batches, std::size_t limit) {
  BatchSources sources(batches, {});
  std::vector<BatchSources::Source>& points = sources.points();
  std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.point.id < b.point.id; });
  PointBatchWriter writer(sources.contents(), sources.names());
  for (std::size_t i = 0; i < points.size() && writer.count() < limit; ++i) {
    if (i == 0 || points[i].point.id != points[i - 1].point.id) writer.point(points[i].point);
  }
  return writer.take();
}

std::vector<std::uint8_t> order_by_ids(std::span<const std::span<const std::uint8_t>> batches,
                                       std::span<const std::uint8_t> ids) {
  BatchSources sources(batches, {});
  std::unordered_map<PointId, const BatchPoint*> left;
  for (const BatchSources::Source& source : sources.points()) left.emplace(source.point.id, &source.point);
  ByteReader reader(ids);
  const std::vector<PointId> wanted = reader.ids();
  reader.expect_end();
  PointBatchWriter writer(sources.contents(), sources.names());
  for (const PointId& id : wanted) {
    const auto found = left.find(id);
    if (found == left.end()) continue;
    writer.point(*found->second);
    left.erase(found);
  }
  return writer.take();
}

}  // namespace vdb
