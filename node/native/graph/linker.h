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
 * a time, without fetching ahead, and takes a lock for every row that it passes. On WordNet (116,659
 * rows of 384 dimensions, m = 16, ef_construct = 100, the same codes) one thread needs 15.5 s of
 * processor time this way and 28.0 s that way.
 *
 * For Dot half of the links are chosen by products and half by squared differences. By products alone
 * rows of small norm are nobody's neighbours and cannot be reached (15 % of the true nearest were
 * missing with an outlier dimension, whatever the ef); by differences alone the rows of large norm,
 * which most queries want, are hard to reach (23 % missing at ef 128 with norms that drift a
 * hundredfold). With both, neither was.
 */
class Linker {
 public:
  Linker(const RowSpace& rows, LinkTable& table, NodeLocks& locks, unsigned ef_construct, bool codes);

  /**
   * Links `row` on all its levels up to that of `entry`, which is another row and attached; afterwards
   * `row` is attached too. The row may have links already: from rows that were inserted meanwhile, or
   * from before it was to be inserted again.
   *
   * The lowest level comes first, and there the parent: a walk that comes to a row on any level then
   * finds the way to all others from it.
   */
  void link(std::uint32_t row, std::uint32_t entry);

 private:
  static constexpr std::uint32_t kNobody = 0xffffffff;

  void find_candidates(std::uint32_t row, std::uint32_t entry, unsigned level);
  void link_level(std::uint32_t row, unsigned level);
  void link_back(std::uint32_t to, std::uint32_t row, unsigned level);
  void attach(std::uint32_t row);
  bool attach_to(std::uint32_t parent, std::uint32_t row, std::size_t children_max);
  std::uint32_t any_child(std::uint32_t row);
  void choose(std::uint32_t row, unsigned level, std::uint32_t newcomer = kNobody);
  void keep_tree(std::uint32_t row, std::uint32_t newcomer);
  void choose_by(Query::Form form, std::uint32_t row, std::size_t limit);
  void score(const Query& query, std::span<const std::uint32_t> list, float* out) const;

  const RowSpace& rows_;
  LinkTable& table_;
  NodeLocks& locks_;
  unsigned ef_construct_;
  bool codes_;
  std::vector<Query::Form> forms_;
  /** By level, what the walks found; and the attached row that the walk of the lowest level began at. */
  std::vector<std::vector<std::uint32_t>> found_;
  std::uint32_t start_ = kNobody;
  /** The rows among which links are chosen, those chosen, and a copy of them to link back from. */
  std::vector<std::uint32_t> list_;
  std::vector<std::uint32_t> chosen_;
  std::vector<std::uint32_t> targets_;
  /** Where in `chosen_` those begin that were chosen by the last form. */
  std::size_t last_form_ = 0;
  std::vector<Hit> candidates_;
  std::vector<float> distances_;
  Query own_;
  Query other_;
};

}  // namespace vdb
