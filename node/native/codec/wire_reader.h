#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vdb {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/**
 * Reads the fields of one protobuf message (protobuf.dev, "Encoding") from bytes that may be
 * anything. Everything malformed throws BadRequest; groups, which proto3 does not have, too.
 */
class WireReader {
 public:
  explicit WireReader(std::span<const std::uint8_t> message) : at_(message.data()), end_(at_ + message.size()) {}

  /** Goes to the next field; false at the end. Its value must be read or skipped before the next call. */
  bool next();
  std::uint32_t field() const noexcept { return field_; }
  WireType type() const noexcept { return type_; }

  /** Each throws when the field has another wire type. */
  std::uint64_t varint();
  std::uint64_t fixed64();
  std::uint32_t fixed32();
  std::span<const std::uint8_t> bytes();
  /** Bytes that must be UTF-8. */
  std::string_view string();
  void skip();

 private:
  void expect(WireType type) const;
  std::uint64_t read_varint();
  std::span<const std::uint8_t> take(std::uint64_t size);

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
};

}  // namespace vdb
