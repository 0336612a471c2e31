#include "io/xxh64.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace vdb {
namespace {

constexpr std::uint64_t kPrime1 = 0x9e3779b185ebca87ull;
constexpr std::uint64_t kPrime2 = 0xc2b2ae3d27d4eb4full;
constexpr std::uint64_t kPrime3 = 0x165667b19e3779f9ull;
constexpr std::uint64_t kPrime4 = 0x85ebca77c2b2ae63ull;
constexpr std::uint64_t kPrime5 = 0x27d4eb2f165667c5ull;

static_assert(std::endian::native == std::endian::little, "lanes are little-endian and are copied as they are");

/** Takes the next value of the bytes away. */
template <class T>
T take(std::span<const std::uint8_t>& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes = bytes.subspan(sizeof(T));
  return value;
}

std::uint64_t round_of(std::uint64_t lane, std::uint64_t input) { return std::rotl(lane + input * kPrime2, 31) * kPrime1; }

/** Four lanes over the stripes of 32 bytes, folded into one; the rest of `bytes` is left. */
std::uint64_t fold_stripes(std::span<const std::uint8_t>& bytes, std::uint64_t seed) {
  constexpr std::size_t kStripe = 4 * sizeof(std::uint64_t);
  std::uint64_t lanes[] = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
  while (bytes.size() >= kStripe) {
    for (std::uint64_t& lane : lanes) lane = round_of(lane, take<std::uint64_t>(bytes));
  }
  std::uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
  for (const std::uint64_t lane : lanes) hash = (hash ^ round_of(0, lane)) * kPrime1 + kPrime4;
  return hash;
}

}  // namespace

std::uint64_t xxh64(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  const std::size_t size = bytes.size();
  std::uint64_t hash = size >= 32 ? fold_stripes(bytes, seed) : seed + kPrime5;
  hash += size;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    hash = std::rotl(hash ^ round_of(0, take<std::uint64_t>(bytes)), 27) * kPrime1 + kPrime4;
  }
  if (bytes.size() >= sizeof(std::uint32_t)) {
    hash = std::rotl(hash ^ take<std::uint32_t>(bytes) * kPrime1, 23) * kPrime2 + kPrime3;
  }
  for (const std::uint8_t byte : bytes) hash = std::rotl(hash ^ byte * kPrime5, 11) * kPrime1;
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace vdb
