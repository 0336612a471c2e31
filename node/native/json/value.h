#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "io/bytes.h"
#include "json/limits.h"

namespace vdb {

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

/**
 * One value within minified JSON text, as a view of its bytes; nothing is parsed before it is asked
 * for. The text is expected to come from the scanner (scan.h). On any other bytes the answers may be
 * meaningless, but nothing is read out of bounds: walking into damage throws FormatError.
 */
class JsonValue {
 public:
  /** `text` is exactly one value, without white space around or in it. Throws FormatError when its first byte starts no value. */
  explicit JsonValue(std::string_view text);

  JsonKind kind() const noexcept { return kind_; }
  bool is_null() const noexcept { return kind_ == JsonKind::kNull; }
  /** The bytes of the value as they stand. */
  std::string_view text() const noexcept { return text_; }

  /** Of a kBool. */
  bool boolean() const noexcept { return text_.front() == 't'; }
  /** Of a kNumber: i64 for integers that fit it, u64 for larger ones, else double (also `-0`). Throws FormatError out of range. */
  Number number() const;
  /** Of a kString: the decoded characters. `buffer` is used only when there are escapes; the view lives as long as both. */
  std::string_view string(std::string& buffer) const;
  std::string string() const;
  /** Of a kString, without decoding when there is no escape in it. */
  bool string_equals(std::string_view decoded) const;

  /** Of a kArray: calls `visit(JsonValue)` with each element until it returns false. Returns false when it was stopped. */
  template <class Visit>
  bool each_element(Visit&& visit) const;
  /** Of a kObject: calls `visit(JsonValue key, JsonValue value)` with each member until it returns false. Keys are kString. */
  template <class Visit>
  bool each_member(Visit&& visit) const;
  /** Number of elements of an array or members of an object, 1 for everything else. */
  std::size_t size() const;

 private:
  std::string_view text_;
  JsonKind kind_;
};

/** End of the value that starts at `position` in `text`. Loops instead of recursing. Throws FormatError when it is not complete. */
std::size_t end_of_value(std::string_view text, std::size_t position);

/** Reads the member of an object that is named `key` (decoded). False when there is none. Keys are unique in stored objects. */
bool find_member(const JsonValue& object, std::string_view key, JsonValue& found);

namespace json_detail {
[[noreturn]] void damaged();
}

template <class Visit>
bool JsonValue::each_element(Visit&& visit) const {
  std::size_t position = 1;
  if (text_.size() > position && text_[position] == ']') return true;
  for (;;) {
    const std::size_t end = end_of_value(text_, position);
    if (!visit(JsonValue(text_.substr(position, end - position)))) return false;
    if (end >= text_.size()) json_detail::damaged();
    if (text_[end] == ']') return true;
    if (text_[end] != ',') json_detail::damaged();
    position = end + 1;
  }
}

template <class Visit>
bool JsonValue::each_member(Visit&& visit) const {
  std::size_t position = 1;
  if (text_.size() > position && text_[position] == '}') return true;
  for (;;) {
    const std::size_t key_end = end_of_value(text_, position);
    const JsonValue key(text_.substr(position, key_end - position));
    if (key.kind() != JsonKind::kString || key_end >= text_.size() || text_[key_end] != ':') json_detail::damaged();
    const std::size_t end = end_of_value(text_, key_end + 1);
    if (!visit(key, JsonValue(text_.substr(key_end + 1, end - key_end - 1)))) return false;
    if (end >= text_.size()) json_detail::damaged();
    if (text_[end] == '}') return true;
    if (text_[end] != ',') json_detail::damaged();
    position = end + 1;
  }
}

}  // namespace vdb
