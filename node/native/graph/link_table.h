#pragma once

#include <faiss/impl/HNSW.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace vdb {

/**
 * FAISS's HNSW tables prepared to a capacity: every row has its level and room for its links before
 * it is inserted, so nothing moves while searches walk. Links are aligned ints, written with release
 * and read with acquire, because a link is what tells a searcher that a row's code may be read.
 *
 * A list ends at its first -1. A searcher may see a list half rewritten; every entry is still a link
 * that was valid for this row and level.
 *
 * Links of the lowest level that are chosen by nearness alone leave rows and whole groups of rows that
 * no walk comes to. So some of them are a tree: every attached row but one, the root, has a parent, and
 * each of the two is in the other's list for good. Over the tree a walk can go from any attached row to
 * any other. Which links are of the tree follows from the parents; the lists do not say it.
 */
class LinkTable {
 public:
  using Link = faiss::HNSW::storage_idx_t;

  /** Levels are drawn from FAISS's generator, seeded by how many there were before. */
  LinkTable(unsigned m, std::uint32_t capacity);
  /** A copy with room for more; `from` must not be changing. */
  LinkTable(const LinkTable& from, std::uint32_t capacity);
  /** For loading: levels[r] is that of row r; more rows up to `capacity` get drawn levels. */
  LinkTable(unsigned m, std::span<const std::uint8_t> levels, std::uint32_t capacity);

  std::uint32_t capacity() const noexcept { return static_cast<std::uint32_t>(hnsw_.levels.size()); }
  /** The highest level that the row is on; 0 is the lowest. */
  unsigned level_of(std::uint32_t row) const { return static_cast<unsigned>(hnsw_.levels[row] - 1); }
  std::span<Link> links(std::uint32_t row, unsigned level) {
    return {&hnsw_.neighbors[begin(row, level)], room(level)};
  }
  std::span<const Link> links(std::uint32_t row, unsigned level) const {
    return {&hnsw_.neighbors[begin(row, level)], room(level)};
  }
  unsigned room(unsigned level) const {
    return static_cast<unsigned>(hnsw_.cum_nneighbor_per_level[level + 1] - hnsw_.cum_nneighbor_per_level[level]);
  }
  unsigned levels_max() const { return static_cast<unsigned>(hnsw_.assign_probas.size()); }

  static Link load(const Link& link) {
    return std::atomic_ref<Link>(const_cast<Link&>(link)).load(std::memory_order_acquire);
  }
  static void store(Link& link, Link value) { std::atomic_ref<Link>(link).store(value, std::memory_order_release); }
  /** Overwrites a list; the caller holds the row's lock. */
  static void store_list(std::span<Link> list, std::span<const std::uint32_t> rows);

  /** Where walks start, or -1 while nothing is inserted. Its own level is the top level. */
  Link entry() const { return load(hnsw_.entry_point); }
  void set_entry(std::uint32_t row);

  /** Whether the row was inserted. */
  bool present(std::uint32_t row) const {
    return (present_[row / 64].load(std::memory_order_acquire) >> (row % 64) & 1) != 0;
  }
  void set_present(std::uint32_t row) {
    present_[row / 64].fetch_or(std::uint64_t{1} << (row % 64), std::memory_order_release);
  }

  /** Whether the row is in the tree: then its links, its parent's and those of all above it stay. */
  bool attached(std::uint32_t row) const { return (parents_[row].load(std::memory_order_acquire) & kIntended) == 0; }
  /** The root's parent is itself. Of attached rows only. */
  std::uint32_t parent(std::uint32_t row) const { return parents_[row].load(std::memory_order_acquire); }
  /** The list of `row` keeps `parent` from here on; the caller holds the lock of `row`. */
  void intend_parent(std::uint32_t row, std::uint32_t parent) {
    parents_[row].store(parent | kIntended, std::memory_order_release);
  }
  /** The lists of both hold the other; the caller holds the lock of `parent`. */
  void attach(std::uint32_t row, std::uint32_t parent) { parents_[row].store(parent, std::memory_order_release); }
  bool is_child(std::uint32_t row, std::uint32_t parent) const {
    return parents_[row].load(std::memory_order_acquire) == parent;
  }
  /** Whether the list of `row` must keep `other`; the caller holds the lock of `row`. */
  bool must_keep(std::uint32_t row, std::uint32_t other) const {
    return (parents_[row].load(std::memory_order_relaxed) & ~kIntended) == other || is_child(other, row);
  }

  std::uint64_t memory_bytes() const noexcept;

 private:
  /** Rows are numbered below 2^31, which leaves a bit for parents that do not have the row in their list yet. */
  static constexpr std::uint32_t kIntended = 1u << 31;
  static constexpr std::uint32_t kNoParent = 0xffffffff;

  std::size_t begin(std::uint32_t row, unsigned level) const {
    return hnsw_.offsets[row] + static_cast<std::size_t>(hnsw_.cum_nneighbor_per_level[level]);
  }
  void make_room(std::uint32_t capacity);

  faiss::HNSW hnsw_;
  std::vector<std::atomic<std::uint64_t>> present_;
  std::vector<std::atomic<std::uint32_t>> parents_;
};

}  // namespace vdb
