#include "codec/wire_writer.h"

#include <cstring>

#include "codec/wire_reader.h"

namespace vdb {
namespace {

constexpr std::uint64_t tag(std::uint32_t field, WireType type) {
  return static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type);
}

template <class T>
void append_plain(std::vector<std::uint8_t>& bytes, T value) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof(T));
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

}  // namespace

void WireWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
  bytes_.push_back(static_cast<std::uint8_t>(value));
}

void WireWriter::varint_field(std::uint32_t field, std::uint64_t value) {
  varint(tag(field, WireType::kVarint));
  varint(value);
}

void WireWriter::fixed32_field(std::uint32_t field, float value) {
  varint(tag(field, WireType::kFixed32));
  append_plain(bytes_, value);
}

void WireWriter::fixed64_field(std::uint32_t field, double value) {
  varint(tag(field, WireType::kFixed64));
  append_plain(bytes_, value);
}

void WireWriter::bytes_head(std::uint32_t field, std::size_t size) {
  varint(tag(field, WireType::kBytes));
  varint(size);
}

void WireWriter::raw(std::span<const std::uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

void WireWriter::bytes_field(std::uint32_t field, std::span<const std::uint8_t> bytes) {
  bytes_head(field, bytes.size());
  raw(bytes);
}

void WireWriter::string_field(std::uint32_t field, std::string_view text) {
  bytes_field(field, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::size_t WireWriter::begin(std::uint32_t field) {
  varint(tag(field, WireType::kBytes));
  bytes_.push_back(0);
  return bytes_.size();
}

void WireWriter::end(std::size_t position) {
  std::uint64_t left = bytes_.size() - position;
  std::uint8_t length[10];
  std::size_t size = 0;
  for (; left >= 0x80; left >>= 7) length[size++] = static_cast<std::uint8_t>(left | 0x80);
  length[size++] = static_cast<std::uint8_t>(left);
  const auto at = bytes_.begin() + static_cast<std::ptrdiff_t>(position);
  bytes_.insert(at, size - 1, 0);
  std::memcpy(bytes_.data() + position - 1, length, size);
}

}  // namespace vdb
