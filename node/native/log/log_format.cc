#include "log/log_format.h"

#include <charconv>
#include <cstring>

#include "io/bytes.h"
#include "io/crc32c.h"

namespace vdb {
namespace {

constexpr std::string_view kMagic = "VLOG";
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kNameDigits = 20;
constexpr std::size_t kCrcOffset = 4;
constexpr std::size_t kDurableOffset = 16;

}  // namespace

std::array<std::uint8_t, kLogHeaderBytes> encode_log_header(std::uint64_t first_sequence) {
  ByteWriter writer(kLogHeaderBytes);
  writer.raw(kMagic);
  writer.u16(kLogFormatVersion);
  writer.u16(0);
  writer.u64(first_sequence);
  writer.u32(crc32c(writer.view()));
  std::array<std::uint8_t, kLogHeaderBytes> bytes;
  std::memcpy(bytes.data(), writer.view().data(), bytes.size());
  return bytes;
}

std::optional<std::uint64_t> decode_log_header(std::span<const std::uint8_t, kLogHeaderBytes> bytes,
                                               const std::string& path) {
  ByteReader reader(bytes);
  const auto magic = reader.raw(kMagic.size());
  const std::uint16_t version = reader.u16();
  reader.u16();
  const std::uint64_t first_sequence = reader.u64();
  const auto covered = reader.since(0);
  if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0 || reader.u32() != crc32c(covered)) {
    return std::nullopt;
  }
  if (version != kLogFormatVersion) {
    throw FormatError(path + " has format version " + std::to_string(version) + "; this build knows version " +
                      std::to_string(kLogFormatVersion));
  }
  return first_sequence;
}

LogRecordHeader decode_log_record_header(std::span<const std::uint8_t, kLogRecordHeaderBytes> bytes) {
  ByteReader reader(bytes);
  LogRecordHeader header;
  header.body_bytes = reader.u32();
  header.crc = reader.u32();
  header.sequence = reader.u64();
  header.durable_sequence = reader.u64();
  return header;
}

std::uint32_t log_record_crc(std::span<const std::uint8_t> record) {
  return crc32c(record.subspan(kCrcOffset + 4), crc32c(record.first(kCrcOffset)));
}

void seal_log_record(std::span<std::uint8_t> record, std::uint64_t durable_sequence) {
  std::memcpy(record.data() + kDurableOffset, &durable_sequence, sizeof(durable_sequence));
  const std::uint32_t crc = log_record_crc(record);
  std::memcpy(record.data() + kCrcOffset, &crc, sizeof(crc));
}

std::string log_segment_name(std::uint64_t first_sequence) {
  const std::string digits = std::to_string(first_sequence);
  return std::string(kNameDigits - digits.size(), '0') + digits + std::string(kSuffix);
}

std::optional<std::uint64_t> parse_log_segment_name(const std::string& name) {
  if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, sequence);
  if (error != std::errc() || end != name.data() + kNameDigits || sequence == 0) return std::nullopt;
  return sequence;
}

}  // namespace vdb
