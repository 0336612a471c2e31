#include "shard/point_reads.h"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

#include "shard/filtered_slots.h"
#include "shard/point_reader.h"

namespace vdb {

namespace {

struct OrderedPoint {
  PointId id;
  uint32_t slot;

  friend bool operator<(const OrderedPoint& a, const OrderedPoint& b) { return a.id < b.id; }
};

// Ids looked at in one go while payloads decide: few enough to let writers in between.
constexpr size_t kScrollBatch = 512;
// Below this share of matches, sorting them is cheaper than passing over all other ids.
constexpr uint64_t kFewMatches = 16;

std::vector<OrderedPoint> ids_from(Generation& generation, const PointId& from, size_t limit) {
  std::vector<OrderedPoint> points;
  if (limit == 0) return points;
  const SharedGuard guard(generation.lock);
  generation.ids.visit_from(from, [&](const PointId& id, uint32_t slot) {
    points.push_back({id, slot});
    return points.size() < limit;
  });
  return points;
}

/** The first matches in id order, by sorting all of them. */
std::vector<OrderedPoint> sorted_matches(Generation& generation, const SlotWords& words, const PointId& from, size_t limit) {
  std::vector<OrderedPoint> points;
  {
    const SharedGuard guard(generation.lock);
    visit_slots(words, [&](uint32_t slot) {
      const PointId id = generation.slots.id(slot);
      if (!(id < from) && generation.slots.live(slot)) points.push_back({id, slot});
      return true;
    });
  }
  const size_t kept = std::min(limit, points.size());
  std::partial_sort(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(kept), points.end());
  points.resize(kept);
  return points;
}

/** The first matches in id order, by passing over ids and dropping what does not match. */
std::vector<OrderedPoint> passed_over(Generation& generation, const FilteredSlots& matches, PointId from, size_t limit) {
  std::vector<OrderedPoint> points;
  bool first = true;
  while (points.size() < limit) {
    // From the second batch on, the first id is the last one of the batch before.
    auto batch = ids_from(generation, from, kScrollBatch + (first ? 0 : 1));
    if (!first && !batch.empty() && batch.front().id == from) batch.erase(batch.begin());
    if (batch.empty()) break;
    first = false;
    from = batch.back().id;
    std::vector<uint32_t> slots;
    for (const OrderedPoint& point : batch) slots.push_back(point.slot);
    const std::vector<uint32_t> kept = matches.settle_some(slots);
    size_t next = 0;
    for (const OrderedPoint& point : batch) {
      if (next == kept.size() || points.size() == limit) break;
      if (kept[next] != point.slot) continue;
      points.push_back(point);
      next++;
    }
  }
  return points;
}

}  // namespace

std::vector<uint8_t> retrieve_points(Generation& generation, std::span<const uint8_t> ids, const Selection& selection) {
  ByteReader in(ids);
  const std::vector<PointId> wanted = in.ids();
  in.expect_end();
  PointReader reader(generation, selection, false);
  std::vector<ScoredSlot> points;
  // A small request that names one large point a million times must not get a million copies.
  std::unordered_set<PointId> seen;
  {
    const SharedGuard guard(generation.lock);
    for (const PointId& id : wanted) {
      if (!seen.insert(id).second) continue;
      if (const auto slot = generation.ids.find(id)) points.push_back({*slot, 0});
    }
  }
  reader.add(points);
  return reader.take();
}

ScrollPage scroll_points(Generation& generation, const ScrollQuery& query) {
  PointReader reader(generation, query.selection, false);
  const PointId from = query.from.value_or(PointId::of_number(0));
  // One more than the page holds tells where the next one starts.
  const size_t limit = std::min<size_t>(query.limit, UINT32_MAX) + 1;
  std::vector<OrderedPoint> points;
  if (!query.filter.has_value()) {
    points = ids_from(generation, from, limit);
  } else {
    const FilterProgram program = FilterProgram::decode(*query.filter);
    const FilteredSlots matches(generation, program);
    const bool few = matches.settled() && matches.count() < generation.slots.live_count() / kFewMatches;
    points = few ? sorted_matches(generation, matches.words(), from, limit) : passed_over(generation, matches, from, limit);
  }
  ScrollPage page;
  if (points.size() == limit) {
    page.next = points.back().id;
    points.pop_back();
  }
  std::vector<ScoredSlot> slots;
  for (const OrderedPoint& point : points) slots.push_back({point.slot, 0});
  reader.add(slots);
  page.points = reader.take();
  return page;
}

uint64_t count_points(Generation& generation, const std::optional<std::vector<uint8_t>>& filter, bool exact) {
  if (!filter.has_value()) return generation.slots.live_count();
  const FilterProgram program = FilterProgram::decode(*filter);
  FilteredSlots matches(generation, program);
  if (!exact) return matches.estimate();
  matches.settle_all();
  return matches.count();
}

}  // namespace vdb
