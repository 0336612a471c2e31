#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vdb {

/**
 * Which shard a point belongs to, as node/src/placement/hash-ring.ts says it: the shard of the first
 * position at or after the XXH64 of the encoded id, around the end.
 */
class HashRing {
 public:
  /** `positions` ascend, `shards` has the shard of each. Throws std::invalid_argument. */
  HashRing(std::vector<std::uint64_t> positions, std::span<const std::uint32_t> shards);

  /** Every shard of the ring once, ascending. */
  const std::vector<std::uint32_t>& shards() const noexcept { return shards_; }
  /** The place in shards() of the shard of an encoded id. */
  std::uint32_t owner(std::span<const std::uint8_t> id) const;

 private:
  std::vector<std::uint64_t> positions_;
  /** Of each position, its place in shards_. */
  std::vector<std::uint32_t> owners_;
  std::vector<std::uint32_t> shards_;
};

}  // namespace vdb
