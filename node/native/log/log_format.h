#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace vdb {

/** The bytes of a log segment: docs/internals/storage.md, "Log files". */
inline constexpr std::uint64_t kLogHeaderBytes = 20;
inline constexpr std::uint64_t kLogRecordHeaderBytes = 24;
inline constexpr std::uint16_t kLogFormatVersion = 1;
/** Far above any request body that the node takes, far below what would hurt to allocate while reading. */
inline constexpr std::uint32_t kLogBodyBytesMax = 1u << 30;

struct LogRecordHeader {
  std::uint32_t body_bytes = 0;
  std::uint32_t crc = 0;
  std::uint64_t sequence = 0;
  std::uint64_t durable_sequence = 0;
};

std::array<std::uint8_t, kLogHeaderBytes> encode_log_header(std::uint64_t first_sequence);
/**
 * Returns the first sequence. Nothing when the header does not verify; throws FormatError when it
 * does and names another format version.
 */
std::optional<std::uint64_t> decode_log_header(std::span<const std::uint8_t, kLogHeaderBytes> bytes,
                                               const std::string& path);

LogRecordHeader decode_log_record_header(std::span<const std::uint8_t, kLogRecordHeaderBytes> bytes);
/** The crc that the record should have: of its whole bytes but the crc field. */
std::uint32_t log_record_crc(std::span<const std::uint8_t> record);
/** Fills in the durable sequence and the crc of a record whose other fields are in place. */
void seal_log_record(std::span<std::uint8_t> record, std::uint64_t durable_sequence);

std::string log_segment_name(std::uint64_t first_sequence);
/** Nothing for names that are not those of segments. */
std::optional<std::uint64_t> parse_log_segment_name(const std::string& name);

}  // namespace vdb
