#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/wire_writer.h"
#include "json/object_members.h"

namespace vdb {

/** Collects entries of `map<string, qdrant.Value>` into the text of one JSON object. */
class ValueMapReader {
 public:
  ValueMapReader() { clear(); }

  /** Adds one map entry: a message of key (1) and value (2). Throws BadRequest. */
  void entry(std::span<const std::uint8_t> message) { append_entry(message, 0); }
  /** The minified object, or nothing when there were no entries. Of entries with the same key the last stays. */
  std::string_view finish();
  void clear();

 private:
  void append_entry(std::span<const std::uint8_t> message, std::size_t depth);
  void append_value(std::span<const std::uint8_t> message, std::size_t depth);
  void append_struct(std::span<const std::uint8_t> message, std::size_t depth);
  void append_list(std::span<const std::uint8_t> message, std::size_t depth);

  std::string json_;
  ObjectMembers members_;
};

/**
 * Appends the members of a stored payload as entries of the repeated map field `field`. Integers that
 * fit i64 become `integer_value`, larger ones and all others `double_value`. Throws FormatError when
 * the payload is damaged.
 */
void append_value_map(WireWriter& writer, std::uint32_t field, std::string_view payload);

/** A repeated field of map entries alone, as in a message of nothing else, to a JSON object; `{}` when there are none. */
std::string payload_from_entries(std::span<const std::uint8_t> entries);

}  // namespace vdb
