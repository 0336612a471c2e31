#include "shard/search.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "shard/filtered_slots.h"
#include "shard/nearest.h"
#include "shard/point_reader.h"

namespace vdb {

namespace {

// Reading the payloads of so many slots costs about as much as a walk that filters afterwards.
constexpr uint64_t kSettleAtOnce = 2048;
// A walk that asks for this share of all open slots costs more than reading all their payloads.
constexpr uint64_t kWalkShareMax = 8;
constexpr int kListAttempts = 4;

VectorSpace& searched_space(Generation& generation, const SearchQuery& query) {
  VectorSpace* space = generation.find(query.vector);
  if (space == nullptr) throw BadRequest("Not existing vector name error: " + query.vector);
  const VectorSchema& schema = space->schema();
  if (schema.kind == VectorKind::kSparse) throw BadRequest("searching sparse vectors is not served yet: " + schema.name);
  if (schema.kind == VectorKind::kMulti) throw BadRequest("searching multivectors is not served yet: " + schema.name);
  if (query.query.size() != schema.dimension) {
    throw BadRequest("Vector dimension error: expected dim: " + std::to_string(schema.dimension) + ", got " +
                     std::to_string(query.query.size()));
  }
  for (const float value : query.query) {
    if (!std::isfinite(value)) throw BadRequest("the query vector holds a value that is not a finite number");
  }
  return *space;
}

/** One search over one vector of one generation. */
class Search {
 public:
  Search(Generation& generation, VectorSpace& space, const SearchQuery& query, uint64_t full_scan_threshold_bytes)
      : generation_(generation),
        space_(space),
        request_(query),
        full_scan_threshold_bytes_(full_scan_threshold_bytes),
        query_(space.rows().prepare(query.query)) {
    const uint64_t points = std::max<uint64_t>(1, space.live());
    wanted_ = static_cast<size_t>(std::min<uint64_t>(points, uint64_t{query.offset} + std::min<uint64_t>(query.limit, points)));
  }

  std::vector<ScoredSlot> run() {
    if (request_.limit == 0) return {};
    if (!request_.filter.has_value()) return unfiltered();
    const FilterProgram program = FilterProgram::decode(*request_.filter);
    FilteredSlots matches(generation_, program);
    if (!matches.settled() && (request_.exact || matches.open() <= kSettleAtOnce)) matches.settle_all();
    if (matches.settled()) return masked(matches);
    return filtered_afterwards(matches);
  }

 private:
  NearestOptions options(size_t k) const {
    NearestOptions options;
    options.k = k;
    options.ef = request_.ef;
    options.exact = request_.exact;
    options.indexed_only = request_.indexed_only;
    return options;
  }

  std::vector<ScoredSlot> unfiltered() {
    return until_enough([&](size_t k) { return nearest_rows(space_, query_, options(k)); });
  }

  std::vector<ScoredSlot> masked(const FilteredSlots& matches) {
    const SlotMask mask{matches.words(), matches.count()};
    if (mask.accepted == 0) return {};
    if (prefers_list(space_, mask.accepted, request_.exact, full_scan_threshold_bytes_)) return of_list(mask);
    return until_enough([&](size_t k) {
      NearestOptions with_mask = options(k);
      with_mask.mask = &mask;
      return nearest_rows(space_, query_, with_mask);
    });
  }

  /**
   * Walks what may match and reads payloads of the best only, for filters without an index that many
   * points pass. Falls back to reading all payloads when that would not end soon.
   */
  std::vector<ScoredSlot> filtered_afterwards(FilteredSlots& matches) {
    const uint64_t expected = std::max<uint64_t>(1, matches.estimate());
    const uint64_t possible = matches.count();
    const double share = static_cast<double>(expected) / static_cast<double>(std::max<uint64_t>(1, possible));
    auto ask = static_cast<uint64_t>(std::min(1.5 * static_cast<double>(wanted_) / share, 1e12)) + 16;
    const SlotMask mask{matches.words(), possible};
    while (ask <= possible / kWalkShareMax) {
      NearestOptions with_mask = options(ask);
      with_mask.mask = &mask;
      const auto hits = nearest_rows(space_, query_, with_mask);
      const auto points = matching_of(matches, current_points(hits));
      if (points.size() >= wanted_) return points;
      ask *= 4;
    }
    matches.settle_all();
    return masked(matches);
  }

  std::vector<ScoredSlot> matching_of(const FilteredSlots& matches, const std::vector<ScoredSlot>& points) const {
    std::vector<uint32_t> slots;
    for (const ScoredSlot& point : points) slots.push_back(point.slot);
    const std::vector<uint32_t> matching = matches.settle_some(slots);
    std::vector<ScoredSlot> kept;
    size_t next = 0;
    for (const ScoredSlot& point : points) {
      if (next == matching.size()) break;
      if (matching[next] != point.slot) continue;
      kept.push_back(point);
      next++;
    }
    return kept;
  }

  /** Scores the rows of the accepted slots one by one. */
  std::vector<ScoredSlot> of_list(const SlotMask& mask) {
    for (int attempt = 1;; attempt++) {
      const uint64_t replaced = space_.replacements();
      SharedGuard guard(generation_.lock);
      std::vector<uint32_t> rows;
      rows.reserve(mask.accepted);
      visit_slots(mask.words, [&](uint32_t slot) {
        const RowRange range = space_.table().get(slot);
        if (!range.empty() && generation_.slots.live(slot)) rows.push_back(range.first);
        return true;
      });
      // Scored under the lock only when writers were quicker each time before.
      if (attempt < kListAttempts) guard.unlock();
      const auto hits = nearest_of_list(space_, query_, rows, wanted_, request_.exact);
      if (guard.owns_lock()) guard.unlock();
      // A row that was replaced after it was listed is left out, and its point with it: list again.
      if (space_.replacements() == replaced || attempt == kListAttempts) return current_points(hits);
    }
  }

  /** Asks for more when rows that are not current took places of points. */
  template <class Find>
  std::vector<ScoredSlot> until_enough(Find find) {
    for (size_t k = wanted_;; k *= 2) {
      const std::vector<Hit> hits = find(k);
      std::vector<ScoredSlot> points = current_points(hits);
      if (points.size() >= wanted_ || hits.size() < k || k >= wanted_ * 8) return points;
    }
  }

  /** The points that rows belong to, each once, best first; rows of points that are not published or gone are dropped. */
  std::vector<ScoredSlot> current_points(const std::vector<Hit>& hits) const {
    std::vector<ScoredSlot> points;
    points.reserve(hits.size());
    std::vector<bool> current(hits.size());
    std::unordered_map<uint32_t, size_t> last;
    bool twice = false;
    {
      const SharedGuard guard(generation_.lock);
      for (size_t i = 0; i < hits.size(); i++) {
        const uint32_t slot = space_.rows().slot_of(hits[i].row);
        if (slot >= generation_.slots.count() || !generation_.slots.live(slot)) continue;
        current[i] = space_.table().get(slot).first == hits[i].row;
        twice = !last.emplace(slot, points.size()).second || twice;
        points.push_back({slot, space_.rows().api_score(hits[i].distance)});
      }
    }
    return twice ? once_each(hits, current) : points;
  }

  /** A point that was replaced during the search may have its old and its new row among the hits: the new one counts. */
  std::vector<ScoredSlot> once_each(const std::vector<Hit>& hits, const std::vector<bool>& current) const {
    std::unordered_map<uint32_t, size_t> chosen;
    for (size_t i = 0; i < hits.size(); i++) {
      const uint32_t slot = space_.rows().slot_of(hits[i].row);
      const auto [entry, fresh] = chosen.emplace(slot, i);
      if (!fresh && current[i]) entry->second = i;
    }
    std::vector<ScoredSlot> points;
    for (size_t i = 0; i < hits.size(); i++) {
      const uint32_t slot = space_.rows().slot_of(hits[i].row);
      if (chosen.at(slot) == i && generation_.slots.live(slot)) {
        points.push_back({slot, space_.rows().api_score(hits[i].distance)});
      }
    }
    return points;
  }

  Generation& generation_;
  VectorSpace& space_;
  const SearchQuery& request_;
  const uint64_t full_scan_threshold_bytes_;
  const Query query_;
  size_t wanted_ = 0;
};

void cut_at_threshold(std::vector<ScoredSlot>& points, const SearchQuery& query, Distance distance) {
  if (!query.score_threshold.has_value()) return;
  const float threshold = *query.score_threshold;
  const bool bigger = bigger_score_is_better(distance);
  std::erase_if(points, [&](const ScoredSlot& point) { return bigger ? point.score < threshold : point.score > threshold; });
}

}  // namespace

std::vector<uint8_t> search_points(Generation& generation, const SearchQuery& query, uint64_t full_scan_threshold_bytes) {
  VectorSpace& space = searched_space(generation, query);
  PointReader reader(generation, query.selection, true);
  std::vector<ScoredSlot> points = Search(generation, space, query, full_scan_threshold_bytes).run();
  cut_at_threshold(points, query, space.schema().distance);
  const size_t first = std::min(points.size(), query.offset);
  const size_t count = std::min(points.size() - first, query.limit);
  reader.add(std::span(points).subspan(first, count));
  return reader.take();
}

}  // namespace vdb
