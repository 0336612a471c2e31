#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace vdb::chunks {

/**
 * How tables indexed by row are cut into chunks that never move: the first holds 4,096 elements, and
 * each later one as many as all before it together. So 20 pointers reach every row, the place of an
 * element is a shift and an add, and every chunk is a whole number of pages whatever an element takes.
 */
inline constexpr unsigned kFirstBits = 12;
inline constexpr std::size_t kCount = 32 - kFirstBits + 1;

constexpr std::size_t chunk_of(std::uint32_t index) { return static_cast<std::size_t>(std::bit_width(index >> kFirstBits)); }
constexpr std::uint64_t first_of(std::size_t chunk) {
  return chunk == 0 ? 0 : std::uint64_t{1} << (kFirstBits + chunk - 1);
}
constexpr std::uint64_t size_of(std::size_t chunk) {
  return std::uint64_t{1} << (chunk == 0 ? kFirstBits : kFirstBits + chunk - 1);
}

}  // namespace vdb::chunks
