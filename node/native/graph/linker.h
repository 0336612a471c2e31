#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/link_table.h"
#include "graph/node_locks.h"
#include "graph/walker.h"
#include "rows/row_space.h"
#include "rows/top_k.h"

namespace vdb {

/**
 * Puts one row into a link table, after Malkov and Yashunin (arXiv 1603.09320, algorithms 1 and 4),
 * over FAISS's tables but not by its add_with_locks: that walks through virtual calls one distance at
 * a time, without fetching ahead, and needs a lock per row it looks at. docs/internals/performance.md
 * has both times.
 */
class Linker {
 public:
  Linker(const RowSpace& rows, LinkTable& table, NodeLocks& locks, unsigned ef_construct, bool codes)
      : rows_(rows), table_(table), locks_(locks), ef_construct_(ef_construct), codes_(codes) {}

  /**
   * Links `row` on all its levels up to that of `entry`, which is another row. The row may have links
   * already: from rows that were inserted meanwhile, or from before it was to be inserted again.
   */
  void link(std::uint32_t row, std::uint32_t entry);

 private:
  void link_level(std::uint32_t row, unsigned level, std::span<const Pool::Entry> found);
  void link_back(std::uint32_t to, std::uint32_t row, unsigned level);
  void select(std::span<const Hit> candidates, std::size_t limit, std::vector<std::uint32_t>& chosen);

  const RowSpace& rows_;
  LinkTable& table_;
  NodeLocks& locks_;
  unsigned ef_construct_;
  bool codes_;
  Query self_;
  Query other_;
  std::vector<Hit> candidates_;
  std::vector<std::uint32_t> chosen_;
  std::vector<std::uint32_t> list_;
  std::vector<float> distances_;
};

}  // namespace vdb
