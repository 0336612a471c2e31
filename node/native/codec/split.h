#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/hash_ring.h"

namespace vdb {

struct ShardPart {
  std::uint32_t shard = 0;
  /** Nothing: all of what was split, as it is. */
  std::optional<std::vector<std::uint8_t>> bytes;
};

/**
 * An operation (docs/internals/storage.md) divided by the ring: for each shard that gets points or
 * ids of it, by number, an operation of the same kind, clock tag and other fields. Points and ids keep
 * their order. Operations that name no point go to every shard.
 *
 * The structure is checked and throws BadRequest. Payloads and numbers are not looked at: the shard
 * that applies the operation checks those.
 */
std::vector<ShardPart> split_operation(std::span<const std::uint8_t> operation, const HashRing& ring);

/** The same for an ids block. */
std::vector<ShardPart> split_ids(std::span<const std::uint8_t> ids, const HashRing& ring);

}  // namespace vdb
