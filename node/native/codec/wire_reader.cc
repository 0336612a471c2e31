#include "codec/wire_reader.h"

#include <cstring>
#include <string>

#include "io/errors.h"
#include "json/string.h"

namespace vdb {
namespace {

[[noreturn]] void malformed(const char* reason) { throw BadRequest(std::string("malformed message: ") + reason); }

}  // namespace

bool WireReader::next() {
  if (at_ == end_) return false;
  const std::uint64_t tag = read_varint();
  const std::uint64_t field = tag >> 3;
  if (field == 0 || field > 0x1fffffff) malformed("invalid field number");
  field_ = static_cast<std::uint32_t>(field);
  switch (tag & 7) {
    case 0: type_ = WireType::kVarint; return true;
    case 1: type_ = WireType::kFixed64; return true;
    case 2: type_ = WireType::kBytes; return true;
    case 5: type_ = WireType::kFixed32; return true;
    default: malformed("unknown wire type");
  }
}

std::uint64_t WireReader::varint() {
  expect(WireType::kVarint);
  return read_varint();
}

std::uint64_t WireReader::fixed64() {
  expect(WireType::kFixed64);
  std::uint64_t value;
  std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
  return value;
}

std::uint32_t WireReader::fixed32() {
  expect(WireType::kFixed32);
  std::uint32_t value;
  std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
  return value;
}

std::span<const std::uint8_t> WireReader::bytes() {
  expect(WireType::kBytes);
  return take(read_varint());
}

std::string_view WireReader::string() {
  const std::span<const std::uint8_t> raw = bytes();
  const std::string_view text(reinterpret_cast<const char*>(raw.data()), raw.size());
  if (!is_utf8(text)) malformed("a string is not UTF-8");
  return text;
}

void WireReader::skip() {
  switch (type_) {
    case WireType::kVarint: read_varint(); return;
    case WireType::kFixed64: take(8); return;
    case WireType::kBytes: take(read_varint()); return;
    case WireType::kFixed32: take(4); return;
  }
}

void WireReader::expect(WireType type) const {
  if (type_ != type) malformed("unexpected wire type");
}

std::uint64_t WireReader::read_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == end_) malformed("it ends too early");
    const std::uint8_t byte = *at_++;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  malformed("a number is too long");
}

std::span<const std::uint8_t> WireReader::take(std::uint64_t size) {
  if (size > static_cast<std::uint64_t>(end_ - at_)) malformed("it ends too early");
  const std::span<const std::uint8_t> taken(at_, static_cast<std::size_t>(size));
  at_ += size;
  return taken;
}

}  // namespace vdb
