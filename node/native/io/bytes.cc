#include "io/bytes.h"

#include <limits>

namespace vdb {
namespace {

constexpr std::uint8_t kIdNumber = 0;
constexpr std::uint8_t kIdUuid = 1;
/** The tag and the shorter of the two bodies. */
constexpr std::size_t kIdBytesMin = 9;

}  // namespace

void ByteWriter::string(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint16_t>::max()) {
    throw FormatError("a string of " + std::to_string(text.size()) + " bytes is longer than the 65535 that the format holds");
  }
  u16(static_cast<std::uint16_t>(text.size()));
  raw(text);
}

void ByteWriter::blob(std::span<const std::uint8_t> bytes) {
  count(bytes.size());
  raw(bytes);
}

void ByteWriter::blob(std::string_view text) {
  count(text.size());
  raw(text);
}

void ByteWriter::count(std::size_t count) {
  if (count > std::numeric_limits<std::uint32_t>::max()) {
    throw FormatError("a count of " + std::to_string(count) + " is more than the format holds");
  }
  u32(static_cast<std::uint32_t>(count));
}

void ByteWriter::id(const PointId& id) {
  u8(id.uuid ? kIdUuid : kIdNumber);
  if (id.uuid) {
    raw(std::span<const std::uint8_t>(id.bytes));
  } else {
    u64(id.number);
  }
}

void ByteWriter::ids(std::span<const PointId> ids) {
  count(ids.size());
  for (const PointId& each : ids) id(each);
}

void ByteWriter::number(const Number& number) {
  u8(static_cast<std::uint8_t>(number.index()));
  std::visit([this](auto value) { plain(value); }, number);
}

void ByteWriter::name_table(std::span<const std::string> names) {
  if (names.size() > std::numeric_limits<std::uint16_t>::max()) {
    throw FormatError("a name table of " + std::to_string(names.size()) + " names is longer than the format holds");
  }
  u16(static_cast<std::uint16_t>(names.size()));
  for (const std::string& name : names) string(name);
}

void ByteWriter::patch_u32(std::size_t offset, std::uint32_t value) {
  std::memcpy(std::span(bytes_).subspan(offset, sizeof(value)).data(), &value, sizeof(value));
}

std::span<const std::uint8_t> ByteReader::raw(std::size_t size) {
  if (size > remaining()) {
    throw FormatError("the data ends early: " + std::to_string(size) + " bytes are needed at byte " +
                      std::to_string(position_) + ", " + std::to_string(remaining()) + " are left");
  }
  const auto result = bytes_.subspan(position_, size);
  position_ += size;
  return result;
}

void ByteReader::f32s(std::span<float> out) {
  const auto bytes = raw(out.size_bytes());
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

void ByteReader::u32s(std::span<std::uint32_t> out) {
  const auto bytes = raw(out.size_bytes());
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

std::string_view ByteReader::string() {
  const auto bytes = raw(u16());
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> ByteReader::blob() { return raw(u32()); }

std::string_view ByteReader::text() {
  const auto bytes = blob();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint32_t ByteReader::count(std::size_t element_bytes_min) {
  const std::uint32_t count = u32();
  if (count > remaining() / element_bytes_min) {
    throw FormatError("a count of " + std::to_string(count) + " cannot fit the " + std::to_string(remaining()) +
                      " bytes that are left");
  }
  return count;
}

PointId ByteReader::id() {
  const std::uint8_t tag = u8();
  if (tag == kIdNumber) return PointId::of_number(u64());
  if (tag != kIdUuid) throw FormatError("unknown tag " + std::to_string(tag) + " of an id");
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), raw(bytes.size()).data(), bytes.size());
  return PointId::of_uuid(bytes);
}

std::vector<PointId> ByteReader::ids() {
  const std::uint32_t size = count(kIdBytesMin);
  std::vector<PointId> result;
  result.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) result.push_back(id());
  return result;
}

Number ByteReader::number() {
  switch (const std::uint8_t tag = u8()) {
    case 0:
      return Number(i64());
    case 1:
      return Number(u64());
    case 2:
      return Number(f64());
    default:
      throw FormatError("unknown tag " + std::to_string(tag) + " of a number");
  }
}

std::vector<std::string> ByteReader::name_table() {
  const std::uint16_t size = u16();
  if (size > remaining() / sizeof(std::uint16_t)) {
    throw FormatError("a name table of " + std::to_string(size) + " names cannot fit the " +
                      std::to_string(remaining()) + " bytes that are left");
  }
  std::vector<std::string> names;
  names.reserve(size);
  for (std::uint16_t i = 0; i < size; ++i) names.emplace_back(string());
  return names;
}

void ByteReader::expect_end() const {
  if (!at_end()) throw FormatError(std::to_string(remaining()) + " bytes are left after the end");
}

}  // namespace vdb
