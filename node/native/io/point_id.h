#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vdb {

/** The id of a point: an unsigned integer, or a UUID in network order. */
struct PointId {
  bool uuid = false;
  std::uint64_t number = 0;
  std::array<std::uint8_t, 16> bytes{};

  static PointId of_number(std::uint64_t number) { return {false, number, {}}; }
  static PointId of_uuid(const std::array<std::uint8_t, 16>& bytes) { return {true, 0, bytes}; }

  /** Integers before UUIDs, integers by value, UUIDs by their bytes. The unused part is always zero. */
  friend auto operator<=>(const PointId&, const PointId&) = default;
  friend bool operator==(const PointId&, const PointId&) = default;
};

/** Decimal digits, or the hyphenated lower-case form of a UUID. */
std::string to_string(const PointId& id);

/**
 * Reads the forms of a UUID that the API accepts: 32 hex digits, hyphenated, in braces, or after
 * `urn:uuid:`. Nothing for any other text.
 */
std::optional<PointId> parse_uuid(std::string_view text);

}  // namespace vdb

template <>
struct std::hash<vdb::PointId> {
  std::size_t operator()(const vdb::PointId& id) const noexcept;
};
