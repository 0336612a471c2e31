#include "filter/slot_words.h"

#include <bit>

namespace vdb {

SlotCounter::SlotCounter(std::size_t words, std::size_t sets_max)
    : words_(words), planes_(static_cast<std::size_t>(std::bit_width(sets_max)), SlotWords(words, 0)) {}

void SlotCounter::add(std::span<const std::uint64_t> set) {
  for (std::size_t w = 0; w < words_; w++) {
    std::uint64_t carry = set[w];
    for (std::size_t p = 0; carry != 0 && p < planes_.size(); p++) {
      const std::uint64_t before = planes_[p][w];
      planes_[p][w] = before ^ carry;
      carry &= before;
    }
  }
}

SlotWords SlotCounter::at_least(std::uint64_t minimum) const {
  SlotWords result(words_, 0);
  if (static_cast<std::size_t>(std::bit_width(minimum)) > planes_.size()) return result;
  for (std::size_t w = 0; w < words_; w++) {
    std::uint64_t greater = 0;
    std::uint64_t equal = kAllSlots;
    for (std::size_t p = planes_.size(); p-- > 0;) {
      const std::uint64_t wanted = (minimum >> p & 1) != 0 ? kAllSlots : 0;
      greater |= equal & planes_[p][w] & ~wanted;
      equal &= ~(planes_[p][w] ^ wanted);
    }
    result[w] = greater | equal;
  }
  return result;
}

}  // namespace vdb
