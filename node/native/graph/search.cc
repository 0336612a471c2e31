// Searching a graph: which way to walk under a filter, and exact rescoring.
#include <algorithm>
#include <limits>

#include "graph/graph.h"
#include "graph/scan.h"
#include "graph/walker.h"

namespace vdb {

namespace {

/**
 * How many rows a plain walk scores per unit of ef, measured on WordNet (384 dimensions, m = 16): 14 to
 * 20 between ef 32 and 128.
 */
constexpr std::size_t kScoredPerEf = 16;
/** From this share of accepted rows on, passing through refused ones is cheaper than looking over them. */
constexpr double kPassThroughFrom = 0.4;

enum class Way { kPlain, kPassThrough, kTwoHop, kScan };

struct Plan {
  Way way;
  /** Rows scored before a walk is given up for a scan of the matches. */
  std::size_t budget;
};

Plan plan(const RowSpace& rows, const SearchOptions& options, std::size_t ef) {
  constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();
  const std::size_t live = rows.live_count();
  if (options.mask == nullptr) {
    // Dead rows take places of a plain walk's ef, so it is for spaces without any.
    return {live == rows.rows() ? Way::kPlain : Way::kPassThrough, kUnbounded};
  }
  switch (options.strategy) {
    case Strategy::kPassThrough: return {Way::kPassThrough, kUnbounded};
    case Strategy::kTwoHop: return {Way::kTwoHop, kUnbounded};
    case Strategy::kAuto: break;
  }
  const std::size_t accepted = std::min(options.mask->accepted, live);
  const double share = live == 0 ? 0 : static_cast<double>(accepted) / static_cast<double>(live);
  // A scan of matches fetches rows in order and keeps no frontier: a row costs about a third of a walk's.
  if (accepted < 3 * kScoredPerEf * ef) return {Way::kScan, 0};
  if (share >= kPassThroughFrom) return {Way::kPassThrough, accepted};
  return {Way::kTwoHop, accepted / 2};
}

}  // namespace

std::vector<Hit> Graph::search(const Query& query, const SearchOptions& options) const {
  const std::shared_ptr<const Rows> waiting = this->waiting();
  const std::shared_ptr<const LinkTable> table = this->table();
  if (!table || options.k == 0) return {};
  // Before the walk: a row that is attached meanwhile is then in one of the two or in both.
  std::vector<Hit> scanned;
  if (waiting != nullptr) scanned = search_waiting(*table, *waiting, query, options);
  if (table->entry() < 0) return scanned;
  const std::vector<Hit> walked = search_table(*table, query, options);
  return scanned.empty() ? walked : merge_hits(walked, scanned, options.k);
}

/** The rows that wait are in no walk's reach. */
std::vector<Hit> Graph::search_waiting(const LinkTable& table, const Rows& waiting, const Query& query,
                                       const SearchOptions& options) const {
  Rows list;
  for (const std::uint32_t row : waiting) {
    if (table.attached(row)) continue;
    if (options.mask == nullptr || options.mask->accepts(rows_.slot_of(row))) list.push_back(row);
  }
  return score_rows(rows_, query, list, options.k, walk() == Walk::kCodes ? Precision::kCodes : Precision::kExact);
}

std::vector<Hit> Graph::search_table(const LinkTable& table, const Query& query, const SearchOptions& options) const {
  const bool codes = walk() == Walk::kCodes;
  const Precision precision = codes ? Precision::kCodes : Precision::kExact;
  const std::size_t ef = std::min<std::size_t>(std::max(options.ef, options.k), table.capacity());
  const Plan plan = vdb::plan(rows_, options, ef);
  const auto scan = [&] { return scan_rows(rows_, query, 0, indexed_rows(), options.mask, options.k, precision); };
  if (plan.way == Way::kScan) return scan();

  Walker walker(rows_, table, query, codes);
  const auto entry = static_cast<std::uint32_t>(table.entry());
  Hit near = walker.start(entry);
  if (table.level_of(entry) > 0) near = walker.descend(near, table.level_of(entry), 1);

  std::vector<Hit> hits;
  bool exhausted = false;
  if (plan.way == Way::kPlain) {
    for (const Pool::Entry& found : walker.nearest(near, 0, ef)) hits.push_back({found.distance, found.row});
  } else {
    const Acceptance accept(rows_, options.mask);
    hits = plan.way == Way::kPassThrough ? walker.accepted(near, ef, accept, plan.budget, exhausted)
                                         : walker.accepted_two_hop(near, ef, accept, plan.budget, exhausted);
    const bool starved = options.mask != nullptr && hits.size() < std::min(options.k, options.mask->accepted);
    if (options.strategy == Strategy::kAuto && (exhausted || starved)) return scan();
  }
  if (codes) {
    hits.resize(std::min(hits.size(), rescored(options.k)));
    for (Hit& hit : hits) hit.distance = rows_.score_exact(query, hit.row);
  }
  std::sort(hits.begin(), hits.end());
  hits.resize(std::min(hits.size(), options.k));
  return hits;
}

}  // namespace vdb
