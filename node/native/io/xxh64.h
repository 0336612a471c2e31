#pragma once

#include <cstdint>
#include <span>

namespace vdb {

/** XXH64 (Yann Collet, the xxHash specification): not cryptographic. Seed 0 is the hash of the ring (node/src/placement). */
std::uint64_t xxh64(std::span<const std::uint8_t> bytes, std::uint64_t seed = 0);

}  // namespace vdb
