#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vdb {

/**
 * The slots that a filter accepts: bit s % 64 of word s / 64. Slots past the end are refused. The
 * words belong to the caller and do not change while a search uses them.
 */
struct SlotMask {
  std::span<const std::uint64_t> words;
  /** Bits set, for the choice of a strategy; an estimate is good enough. */
  std::size_t accepted = 0;

  bool accepts(std::uint32_t slot) const {
    const std::size_t word = slot / 64;
    return word < words.size() && (words[word] >> (slot % 64) & 1) != 0;
  }
};

}  // namespace vdb
