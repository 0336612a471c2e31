#include "shard/nearest.h"

#include <algorithm>
#include <iterator>

namespace vdb {

namespace {

// Up to here a list is scored on the stored rows: cheaper than a code for each and rescoring the best.
constexpr size_t kExactListRows = 1024;

void keep_once(std::vector<Hit>& hits) {
  // Both lists are exact, so a row that is in both has the same distance in both.
  hits.erase(std::unique(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.row == b.row; }), hits.end());
}

/**
 * Scans [begin, end of rows), and goes on until no rows were added meanwhile: a replaced row is
 * retired only after the new one can be read, so nobody falls between.
 */
std::vector<Hit> scan_to_end(const VectorSpace& space, const Query& query, uint32_t begin, const NearestOptions& options) {
  std::vector<Hit> found;
  const Precision precision = options.exact ? Precision::kExact : Precision::kCodes;
  for (uint32_t end = space.rows().rows(); begin < end; end = space.rows().rows()) {
    const auto part = scan_rows(space.rows(), query, begin, end, options.mask, options.k, precision);
    found = merge_hits(found, part, options.k);
    begin = end;
  }
  return found;
}

}  // namespace

bool prefers_list(const VectorSpace& space, size_t matches, bool exact, uint64_t full_scan_threshold_bytes) {
  const auto graph = space.graph();
  if (exact || graph == nullptr) {
    // A list reads rows out of order; a scan reads all of them in order, four times as fast.
    return matches < space.rows().rows() / 4;
  }
  return uint64_t{matches} * space.rows().spec().row_bytes() <= full_scan_threshold_bytes;
}

std::vector<Hit> nearest_rows(const VectorSpace& space, const Query& query, const NearestOptions& options) {
  const auto graph = options.exact ? nullptr : space.graph();
  if (graph == nullptr) return scan_to_end(space, query, 0, options);
  // Read before the walk: a row that is inserted meanwhile is then in the walk, the scan or both.
  const uint32_t watermark = graph->indexed_rows();
  SearchOptions walk;
  walk.k = options.k;
  walk.ef = std::max(options.ef, options.k);
  walk.mask = options.mask;
  std::vector<Hit> hits = graph->search(query, walk);
  if (options.indexed_only) return hits;
  const std::vector<Hit> tail = scan_to_end(space, query, watermark, options);
  if (tail.empty()) return hits;
  std::vector<Hit> merged;
  merged.reserve(hits.size() + tail.size());
  std::merge(hits.begin(), hits.end(), tail.begin(), tail.end(), std::back_inserter(merged));
  keep_once(merged);
  if (merged.size() > options.k) merged.resize(options.k);
  return merged;
}

std::vector<Hit> nearest_of_list(const VectorSpace& space, const Query& query, std::span<const uint32_t> list, size_t k,
                                 bool exact) {
  const Precision precision = exact || list.size() <= kExactListRows ? Precision::kExact : Precision::kCodes;
  return score_rows(space.rows(), query, list, k, precision);
}

}  // namespace vdb
