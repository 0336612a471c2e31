#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vdb {

/** One bit per slot: slot s is bit s % 64 of word s / 64. */
using SlotWords = std::vector<std::uint64_t>;

inline constexpr std::uint64_t kAllSlots = ~std::uint64_t{0};

/**
 * Counts, for every slot at once, how many of the sets added have it: plane i holds bit i of every
 * slot's count, and adding a set is a ripple of carries through the planes.
 */
class SlotCounter {
 public:
  SlotCounter(std::size_t words, std::size_t sets_max);

  void add(std::span<const std::uint64_t> set);
  /** The slots that at least `minimum` of the sets have. */
  SlotWords at_least(std::uint64_t minimum) const;

 private:
  std::size_t words_;
  std::vector<SlotWords> planes_;
};

}  // namespace vdb
