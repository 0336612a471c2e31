#include "shard/range_reads.h"

#include <algorithm>

#include "codec/content_digest.h"
#include "codec/operation.h"
#include "shard/point_reader.h"

namespace vdb {

namespace {

// Points read at a time: their vectors and payloads are in memory together.
constexpr size_t kPoints = 32;
// An export is one p2p message and one record of a log; a point that is larger alone is still exported.
constexpr size_t kExportBytes = 8 << 20;
// Ids looked at under one hold of the lock, which keeps applies from publishing.
constexpr size_t kIds = 4096;

struct IdAndSlot {
  PointId id;
  uint32_t slot;
};

/** Goes through the ids of a range, letting writers in between the pieces. */
class RangeCursor {
 public:
  RangeCursor(Generation& generation, const IdRange& range) : generation_(generation), range_(range), after_(range.after) {}

  /** The next ids, at most `limit`; fewer only at the end of the range. */
  std::vector<IdAndSlot> next(size_t limit) {
    std::vector<IdAndSlot> found;
    if (limit == 0) return found;
    const SharedGuard guard(generation_.lock);
    generation_.ids.visit_from(after_.value_or(PointId::of_number(0)), [&](const PointId& id, uint32_t slot) {
      if (range_.to.has_value() && *range_.to < id) return false;
      if (after_.has_value() && id == *after_) return true;
      found.push_back({id, slot});
      return found.size() < limit;
    });
    if (!found.empty()) after_ = found.back().id;
    return found;
  }

 private:
  Generation& generation_;
  const IdRange range_;
  std::optional<PointId> after_;
};

/** Hands the points of a range to `take(point, names)`, which returns whether it wants more. */
template <class Take>
RangePart read_range(Generation& generation, const IdRange& range, size_t limit, Take take) {
  static const Selection everything{{1}, {1}};
  RangePart part;
  RangeCursor cursor(generation, range);
  bool wanted = true;
  while (wanted && part.count < limit) {
    const auto ids = cursor.next(std::min(kPoints, limit - part.count));
    if (ids.empty()) return part;
    std::vector<ScoredSlot> slots;
    for (const IdAndSlot& each : ids) slots.push_back({each.slot, 0});
    PointReader reader(generation, everything, false);
    reader.add(slots);
    const std::vector<uint8_t> batch = reader.take();
    PointBatchReader points(batch);
    for (BatchPoint point; wanted && points.next(point);) {
      wanted = take(point, points.names());
      part.count++;
      part.last = point.id;
    }
  }
  part.more = !RangeCursor(generation, {part.last.has_value() ? part.last : range.after, range.to}).next(1).empty();
  return part;
}

std::vector<std::string> names_of(const Generation& generation) {
  std::vector<std::string> names;
  for (const auto& space : generation.vectors) names.push_back(space->schema().name);
  return names;
}

}  // namespace

RangePart export_range(Generation& generation, const IdRange& range, size_t limit) {
  ByteWriter out;
  write_operation_header(out, OperationKind::kUpsertPoints, {});
  out.name_table(names_of(generation));
  const size_t count_at = out.size();
  out.u32(0);
  RangePart part = read_range(generation, range, std::min<size_t>(limit, UINT32_MAX), [&](const BatchPoint& point, const auto&) {
    out.id(point.id);
    out.u16(static_cast<uint16_t>(point.vectors.size()));
    for (const VectorView& vector : point.vectors) write_vector(out, vector);
    out.blob(point.payload);
    return out.size() < kExportBytes;
  });
  out.patch_u32(count_at, static_cast<uint32_t>(part.count));
  part.bytes = out.take();
  return part;
}

RangePart digest_range(Generation& generation, const IdRange& range, size_t limit) {
  ContentDigest digest;
  RangePart part = read_range(generation, range, limit, [&](const BatchPoint& point, const auto& names) {
    digest += digest_point(point, names);
    return true;
  });
  ByteWriter out;
  out.u64(digest.low);
  out.u64(digest.high);
  part.bytes = out.take();
  return part;
}

std::vector<uint8_t> ids_in_range(Generation& generation, const IdRange& range) {
  ByteWriter out;
  out.u32(0);
  uint32_t count = 0;
  RangeCursor cursor(generation, range);
  for (;;) {
    const auto ids = cursor.next(kIds);
    for (const IdAndSlot& each : ids) out.id(each.id);
    count += static_cast<uint32_t>(ids.size());
    if (ids.size() < kIds) break;
  }
  out.patch_u32(0, count);
  return out.take();
}

}  // namespace vdb
