#pragma once

#include <cstdint>
#include <span>

namespace vdb {

/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) as iSCSI and RocksDB use it; the check value
 * of "123456789" is 0xE3069283. `crc` is the result for the bytes before, so that
 * crc32c(b, crc32c(a)) is the crc of a followed by b. Uses the processor's instruction where there
 * is one and a table where there is none.
 */
std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t crc = 0) noexcept;

/** The table version, whatever the processor: what the fast one is tested against. */
std::uint32_t crc32c_portable(std::span<const std::uint8_t> bytes, std::uint32_t crc = 0) noexcept;

}  // namespace vdb
