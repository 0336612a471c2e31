#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/link_table.h"
#include "graph/slot_mask.h"
#include "graph/visited_list.h"
#include "rows/row_space.h"
#include "rows/top_k.h"

namespace vdb {

/** The nearest rows of a walk in order, with a mark for those whose links were followed. */
class Pool {
 public:
  /** Eight bytes, because insertion moves them about. */
  struct Entry {
    float distance;
    std::uint32_t row : 31;
    std::uint32_t followed : 1;
  };

  void begin(std::size_t limit) {
    entries_.clear();
    limit_ = limit;
  }
  /** The position that the row got; size() when it is too far away. */
  std::size_t insert(float distance, std::uint32_t row);
  std::span<Entry> entries() { return entries_; }
  Entry& operator[](std::size_t i) { return entries_[i]; }
  std::size_t size() const { return entries_.size(); }

 private:
  std::vector<Entry> entries_;
  std::size_t limit_ = 0;
};

/** What walks of one thread need and keep from one to the next. */
struct WalkScratch {
  VisitedList visited;
  Pool pool;
  std::vector<std::uint32_t> batch;
  std::vector<std::uint32_t> refused;
  std::vector<float> distances;
  std::vector<Hit> frontier;

  static WalkScratch& of_this_thread();
};

/** Which rows may become hits. */
class Acceptance {
 public:
  Acceptance(const RowSpace& rows, const SlotMask* mask) : rows_(rows), mask_(mask) {}
  bool operator()(std::uint32_t row) const {
    return rows_.live(row) && (mask_ == nullptr || mask_->accepts(rows_.slot_of(row)));
  }

 private:
  const RowSpace& rows_;
  const SlotMask* mask_;
};

/**
 * One walk over the links of a table towards a query, on codes or on rows. Uses its thread's scratch,
 * so a thread runs one walker at a time.
 */
class Walker {
 public:
  static constexpr std::uint32_t kNobody = 0xffffffff;

  /** `self` is the row that is being inserted: it must not find itself. */
  Walker(const RowSpace& rows, const LinkTable& table, const Query& query, bool codes, std::uint32_t self = kNobody)
      : rows_(rows), table_(table), query_(query), codes_(codes), self_(self), scratch_(WalkScratch::of_this_thread()) {}

  Hit start(std::uint32_t row) const;
  /** Greedy steps on each level from `from` down to `to`. */
  Hit descend(Hit from, unsigned from_level, unsigned to_level);
  /** The `ef` nearest rows that a walk on `level` finds, in order; valid until the next walk of the thread. */
  std::span<Pool::Entry> nearest(Hit from, unsigned level, std::size_t ef);

  /**
   * The `ef` nearest accepted rows of the lowest level, best first. The walk passes through rows that
   * are not accepted; it ends early, with `exhausted`, once it has scored `budget` rows.
   */
  std::vector<Hit> accepted(Hit from, std::size_t ef, const Acceptance& accept, std::size_t budget, bool& exhausted);
  /** As accepted, but a refused neighbour is not scored: its neighbours are looked at in its place. */
  std::vector<Hit> accepted_two_hop(Hit from, std::size_t ef, const Acceptance& accept, std::size_t budget,
                                    bool& exhausted);

 private:
  void gather_unseen(std::uint32_t row, unsigned level);
  void score_batch();
  void gather_accepted(std::uint32_t row, const Acceptance& accept, bool seeking);
  void prefetch_links(std::uint32_t row, unsigned level) const { __builtin_prefetch(table_.links(row, level).data()); }

  const RowSpace& rows_;
  const LinkTable& table_;
  const Query& query_;
  bool codes_;
  std::uint32_t self_;
  WalkScratch& scratch_;
};

}  // namespace vdb
