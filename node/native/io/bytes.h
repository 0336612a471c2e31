#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "io/errors.h"
#include "io/point_id.h"

namespace vdb {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian and are copied as they are");

/** A JSON number without loss: docs/internals/storage.md, "Primitive encodings", number. */
using Number = std::variant<std::int64_t, std::uint64_t, double>;

/**
 * Builds the encodings of docs/internals/storage.md. Lengths that do not fit their field throw
 * FormatError.
 */
class ByteWriter {
 public:
  ByteWriter() = default;
  explicit ByteWriter(std::size_t capacity) { bytes_.reserve(capacity); }

  void u8(std::uint8_t value) { bytes_.push_back(value); }
  void u16(std::uint16_t value) { plain(value); }
  void u32(std::uint32_t value) { plain(value); }
  void u64(std::uint64_t value) { plain(value); }
  void i64(std::int64_t value) { plain(value); }
  void f32(float value) { plain(value); }
  void f64(double value) { plain(value); }
  void raw(std::span<const std::uint8_t> bytes) { append(bytes.data(), bytes.size()); }
  void raw(std::string_view text) { append(text.data(), text.size()); }
  /** The elements alone, without a count. */
  void f32s(std::span<const float> values) { append(values.data(), values.size_bytes()); }
  void u32s(std::span<const std::uint32_t> values) { append(values.data(), values.size_bytes()); }

  /** u16 length, bytes. */
  void string(std::string_view text);
  /** u32 length, bytes. */
  void blob(std::span<const std::uint8_t> bytes);
  void blob(std::string_view text);
  /** A count or length, refused when it does not fit u32. */
  void count(std::size_t count);
  void id(const PointId& id);
  /** Ids block. */
  void ids(std::span<const PointId> ids);
  void number(const Number& number);
  void name_table(std::span<const std::string> names);

  /** Overwrites four bytes written before, for a count that is known only afterwards. */
  void patch_u32(std::size_t offset, std::uint32_t value);

  std::size_t size() const noexcept { return bytes_.size(); }
  void reserve(std::size_t capacity) { bytes_.reserve(capacity); }
  /** Empties the writer and keeps its memory. */
  void clear() noexcept { bytes_.clear(); }
  std::span<const std::uint8_t> view() const noexcept { return bytes_; }
  /** Gives the bytes away; the writer is empty afterwards. */
  std::vector<std::uint8_t> take() { return std::exchange(bytes_, {}); }

 private:
  template <class T>
  void plain(T value) {
    append(&value, sizeof(T));
  }
  void append(const void* data, std::size_t size) {
    if (size == 0) return;
    const auto* first = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }

  std::vector<std::uint8_t> bytes_;
};

/**
 * Reads what ByteWriter writes, from bytes that may be anything: every read checks bounds and throws
 * FormatError, and no count is believed before it is clear that its elements can fit what is left.
 * Views and spans that it returns point into the bytes that it was given.
 */
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return plain<std::uint8_t>(); }
  std::uint16_t u16() { return plain<std::uint16_t>(); }
  std::uint32_t u32() { return plain<std::uint32_t>(); }
  std::uint64_t u64() { return plain<std::uint64_t>(); }
  std::int64_t i64() { return plain<std::int64_t>(); }
  float f32() { return plain<float>(); }
  double f64() { return plain<double>(); }
  std::span<const std::uint8_t> raw(std::size_t size);
  /** Copies `out.size()` values: the source is not aligned. */
  void f32s(std::span<float> out);
  void u32s(std::span<std::uint32_t> out);

  std::string_view string();
  std::span<const std::uint8_t> blob();
  /** As blob, as text. Not checked to be UTF-8. */
  std::string_view text();
  /** A u32 count of elements that take at least `element_bytes_min` (1 or more) each. */
  std::uint32_t count(std::size_t element_bytes_min);
  PointId id();
  std::vector<PointId> ids();
  Number number();
  std::vector<std::string> name_table();

  void skip(std::size_t size) { raw(size); }
  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  bool at_end() const noexcept { return position_ == bytes_.size(); }
  /** Throws FormatError when bytes are left. */
  void expect_end() const;
  /** The bytes from `start` to the current position. */
  std::span<const std::uint8_t> since(std::size_t start) const { return bytes_.subspan(start, position_ - start); }

 private:
  template <class T>
  T plain() {
    T value;
    std::memcpy(&value, raw(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

}  // namespace vdb
