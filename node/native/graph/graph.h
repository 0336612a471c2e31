#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "graph/gate.h"
#include "graph/link_table.h"
#include "graph/node_locks.h"
#include "graph/slot_mask.h"
#include "rows/row_space.h"
#include "rows/top_k.h"

namespace vdb {

/** What the graph measures distances on while it is built and walked. */
enum class Walk : std::uint8_t {
  /** int8 codes; the best are rescored exactly. Falls back to rows where codes order badly. */
  kCodes,
  kRows,
};

struct GraphOptions {
  /** Links of a row on upper levels; twice as many on the lowest. 2 to Graph::kLinksMax. */
  unsigned m = 16;
  unsigned ef_construct = 100;
  Walk walk = Walk::kCodes;
};

enum class Strategy : std::uint8_t {
  /** Scans the matches when that is cheaper than a walk, walks two hops for middle selectivity, else passes through. */
  kAuto,
  /** Walks every row; only accepted ones become hits. */
  kPassThrough,
  /** Walks accepted rows only, looking over refused neighbours at theirs. */
  kTwoHop,
};

struct SearchOptions {
  std::size_t k = 10;
  /** Width of the walk; at least k is used. */
  std::size_t ef = 100;
  /** Null accepts every slot. */
  const SlotMask* mask = nullptr;
  Strategy strategy = Strategy::kAuto;
};

/**
 * An HNSW graph (FAISS's structure: levels, offsets, link table) over the rows of one RowSpace. It
 * grows while it is searched: any number of threads may insert, search and save at the same time.
 * The RowSpace must outlive it.
 *
 * Rows are inserted in order of their number. Dead rows are skipped, rows that die later stay as
 * stepping stones until a vacuum.
 */
class Graph {
 public:
  /** Where a row of an old generation went; kGone when it was dropped. */
  static constexpr std::uint32_t kGone = 0xffffffff;
  static constexpr unsigned kLinksMax = 512;

  Graph(const RowSpace& rows, const GraphOptions& options);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /**
   * Reads what `save` wrote. Links to rows at or past `row_limit` are dropped. The bytes may be
   * anything: throws FormatError on what is not a graph of these rows.
   */
  static std::unique_ptr<Graph> load(const RowSpace& rows, const GraphOptions& options,
                                     std::span<const std::uint8_t> bytes, std::uint32_t row_limit);

  /**
   * The graph of a new generation: row r of `old` is row new_row[r] of `rows` (kGone: dropped; rows
   * of `old` past the end of `new_row` too). Rows that lost many of their links wait to be inserted
   * again by insert_some, before any new row; until then searches scan them.
   */
  static std::unique_ptr<Graph> remap(const Graph& old, std::span<const std::uint32_t> new_row, const RowSpace& rows,
                                      const GraphOptions& options);

  /**
   * Inserts up to `limit` rows of those that wait; returns how many it took (0: nothing waits).
   * Several threads may call it at once. One row takes some 100 microseconds.
   */
  std::size_t insert_some(std::size_t limit);
  /** Rows that wait: those past the ones taken so far, and those to be inserted again. */
  std::size_t pending() const;
  /** Searches find every row below, unless it was dead when its turn came. Rows at or past it want a scan. */
  std::uint32_t indexed_rows() const;

  /**
   * The best live accepted rows of the graph, best first, with exact distances. Rows that are not in
   * it yet are for scan_rows from indexed_rows() on, read *before* the search; merge_hits takes care
   * of a row above that mark which is in already.
   */
  std::vector<Hit> search(const Query& query, const SearchOptions& options) const;

  /**
   * Writes the graph of rows below the watermark in pieces, while inserts go on, and returns how many
   * rows that are; none while all rows choose their links again. Rows that wait are written as missing.
   * Whoever stores it keeps a crc. Layout: docs/internals/storage.md, "Graph files".
   */
  std::uint32_t save(const std::function<void(std::span<const std::uint8_t>)>& sink) const;

  const GraphOptions& options() const noexcept { return options_; }
  /** What walks are on now: kRows when asked for, without codes, or when codes were found to order badly. */
  Walk walk() const noexcept { return walk_.load(std::memory_order_relaxed); }
  /**
   * Share of the exact 10 nearest that are among the code's best rescored(10), mean over some sampled
   * rows. Taken by insert_some at 256 rows and each doubling; below kOverlapMin the walk becomes kRows
   * for good, and the rows inserted so far are inserted again. 1 before the first sample.
   */
  float code_overlap() const noexcept { return code_overlap_.load(std::memory_order_relaxed); }
  static constexpr float kOverlapMin = 0.95f;

  std::uint64_t memory_bytes() const noexcept;
  /** Throws std::logic_error naming the first link that breaks an invariant. For tests; nothing may be inserting. */
  void verify() const;

 private:
  /** A row whose turn it is. */
  struct Turn {
    std::uint32_t row = 0;
    bool again = false;
  };
  using Rows = std::vector<std::uint32_t>;

  std::shared_ptr<LinkTable> table() const;
  void publish(std::shared_ptr<LinkTable> table);
  void ensure_capacity(std::uint32_t rows);
  bool claim(Turn& turn);
  void finish(const Turn& turn);
  void give_back(const Turn& turn);
  void insert_row(std::uint32_t row);
  static std::uint32_t another_row(const LinkTable& table, std::uint32_t row);
  std::shared_ptr<const Rows> waiting() const;
  std::vector<Hit> search_waiting(const LinkTable& table, const Rows& waiting, const Query& query,
                                  const SearchOptions& options) const;
  std::vector<Hit> search_table(const LinkTable& table, const Query& query, const SearchOptions& options) const;
  void sample_codes(std::uint32_t rows);
  void fall_back_to_rows();
  bool is_choosing_again() const;
  bool lost_many(std::size_t before, std::size_t after) const;
  void adopt(std::shared_ptr<LinkTable> table, std::uint32_t rows);
  std::uint32_t mend(LinkTable& table, std::uint32_t rows);
  void verify_tree(const LinkTable& table) const;

  const RowSpace& rows_;
  const GraphOptions options_;
  std::atomic<Walk> walk_;
  std::atomic<float> code_overlap_{1};
  std::atomic<std::uint32_t> next_sample_{256};

  /** Shared by inserts; alone for growth and for an insert that raises the top level. */
  Gate gate_;
  mutable NodeLocks locks_;
  mutable std::mutex table_mutex_;
  std::shared_ptr<LinkTable> table_;

  mutable std::mutex queue_mutex_;
  std::uint32_t next_row_ = 0;
  Rows in_flight_;
  Rows again_;
  std::size_t again_in_flight_ = 0;
  /** While not all of again_ is done: the rows of it that were not attached, and whether it is all rows. */
  std::shared_ptr<const Rows> waiting_;
  std::atomic<bool> some_wait_{false};
  bool choosing_again_ = false;
};

}  // namespace vdb
