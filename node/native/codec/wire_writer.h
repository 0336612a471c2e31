#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace vdb {

/** Writes protobuf fields one after the other. */
class WireWriter {
 public:
  void varint_field(std::uint32_t field, std::uint64_t value);
  void fixed32_field(std::uint32_t field, float value);
  void fixed64_field(std::uint32_t field, double value);
  void bytes_field(std::uint32_t field, std::span<const std::uint8_t> bytes);
  void string_field(std::uint32_t field, std::string_view text);
  /** Tag and length of a field whose `size` bytes follow by raw(). */
  void bytes_head(std::uint32_t field, std::size_t size);
  void raw(std::span<const std::uint8_t> bytes);

  /**
   * Begins a message within the message. Its length is known at the end only: one byte is kept for it,
   * and the content moves when that is too little.
   */
  std::size_t begin(std::uint32_t field);
  /** Ends what begin() gave the position of. Inner messages end before outer ones. */
  void end(std::size_t position);

  std::size_t size() const noexcept { return bytes_.size(); }
  void reserve(std::size_t size) { bytes_.reserve(size); }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  void varint(std::uint64_t value);

  std::vector<std::uint8_t> bytes_;
};

}  // namespace vdb
