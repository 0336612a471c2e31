#include "graph/link_table.h"

#include <sys/mman.h>

#include <algorithm>

namespace vdb {

namespace {

constexpr std::uintptr_t kHugePage = 2u << 20;

/** Walks read links at random; with small pages most reads of a large table miss the TLB too. */
void ask_for_huge_pages(void* memory, std::size_t bytes) {
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(memory) + kHugePage - 1) / kHugePage * kHugePage;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / kHugePage * kHugePage;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace

LinkTable::LinkTable(unsigned m, std::uint32_t capacity) : LinkTable(m, std::span<const std::uint8_t>{}, capacity) {}

LinkTable::LinkTable(unsigned m, std::span<const std::uint8_t> levels, std::uint32_t capacity)
    : hnsw_(static_cast<int>(m)), present_((std::size_t{capacity} + 63) / 64), parents_(capacity) {
  hnsw_.levels.reserve(capacity);
  for (const std::uint8_t level : levels) hnsw_.levels.push_back(level + 1);
  make_room(capacity);
}

LinkTable::LinkTable(const LinkTable& from, std::uint32_t capacity)
    : hnsw_(from.hnsw_.nb_neighbors(1)), present_((std::size_t{capacity} + 63) / 64), parents_(capacity) {
  hnsw_.levels.reserve(capacity);
  hnsw_.levels.assign(from.hnsw_.levels.begin(), from.hnsw_.levels.end());
  make_room(capacity);
  std::copy(from.hnsw_.neighbors.begin(), from.hnsw_.neighbors.end(), hnsw_.neighbors.begin());
  for (std::size_t i = 0; i < from.present_.size(); i++)
    present_[i].store(from.present_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (std::size_t row = 0; row < from.parents_.size(); row++)
    parents_[row].store(from.parents_[row].load(std::memory_order_relaxed), std::memory_order_relaxed);
  hnsw_.entry_point = from.entry();
}

void LinkTable::make_room(std::uint32_t capacity) {
  // Another seed per size: levels drawn after a growth or a load must not repeat those before.
  hnsw_.rng = faiss::RandomGenerator(static_cast<std::int64_t>(12345 + hnsw_.levels.size()));
  while (hnsw_.levels.size() < capacity) hnsw_.levels.push_back(hnsw_.random_level() + 1);
  hnsw_.offsets.reserve(std::size_t{capacity} + 1);
  for (std::uint32_t row = 0; row < capacity; row++)
    hnsw_.offsets.push_back(hnsw_.offsets.back() +
                            static_cast<std::size_t>(hnsw_.cum_nneighbor_per_level[hnsw_.levels[row]]));
  hnsw_.neighbors.reserve(hnsw_.offsets.back());
  ask_for_huge_pages(hnsw_.neighbors.data(), hnsw_.offsets.back() * sizeof(Link));
  hnsw_.neighbors.assign(hnsw_.offsets.back(), -1);
  for (std::atomic<std::uint32_t>& parent : parents_) parent.store(kNoParent, std::memory_order_relaxed);
}

void LinkTable::store_list(std::span<Link> list, std::span<const std::uint32_t> rows) {
  for (std::size_t i = 0; i < list.size(); i++) {
    const Link value = i < rows.size() ? static_cast<Link>(rows[i]) : -1;
    if (value < 0 && load(list[i]) < 0) break;
    store(list[i], value);
  }
}

void LinkTable::set_entry(std::uint32_t row) {
  hnsw_.max_level = static_cast<int>(level_of(row));
  store(hnsw_.entry_point, static_cast<Link>(row));
}

std::uint64_t LinkTable::memory_bytes() const noexcept {
  return hnsw_.neighbors.size() * sizeof(Link) + hnsw_.offsets.size() * sizeof(std::size_t) +
         hnsw_.levels.size() * sizeof(int) + present_.size() * 8 +
         parents_.size() * sizeof(std::uint32_t);
}

}  // namespace vdb
