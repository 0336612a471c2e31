#include "codec/hash_ring.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "io/xxh64.h"

namespace vdb {

HashRing::HashRing(std::vector<std::uint64_t> positions, std::span<const std::uint32_t> shards)
    : positions_(std::move(positions)), shards_(shards.begin(), shards.end()) {
  if (positions_.empty()) throw std::invalid_argument("a ring needs at least one shard");
  if (positions_.size() != shards.size()) throw std::invalid_argument("a ring needs one shard for each position");
  if (!std::is_sorted(positions_.begin(), positions_.end())) throw std::invalid_argument("the positions of a ring must ascend");
  std::sort(shards_.begin(), shards_.end());
  shards_.erase(std::unique(shards_.begin(), shards_.end()), shards_.end());
  owners_.reserve(shards.size());
  for (const std::uint32_t shard : shards) {
    const auto found = std::lower_bound(shards_.begin(), shards_.end(), shard);
    owners_.push_back(static_cast<std::uint32_t>(found - shards_.begin()));
  }
}

std::uint32_t HashRing::owner(std::span<const std::uint8_t> id) const {
  if (shards_.size() == 1) return 0;
  const auto found = std::lower_bound(positions_.begin(), positions_.end(), xxh64(id));
  return owners_[found == positions_.end() ? 0 : static_cast<std::size_t>(found - positions_.begin())];
}

}  // namespace vdb
