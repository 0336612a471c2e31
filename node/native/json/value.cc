#include "json/value.h"

#include "io/errors.h"
#include "json/number.h"
#include "json/string.h"

namespace vdb {
namespace {

JsonKind kind_of(std::string_view text) {
  switch (text.empty() ? '\0' : text.front()) {
    case '{': return JsonKind::kObject;
    case '[': return JsonKind::kArray;
    case '"': return JsonKind::kString;
    case 't': case 'f': return JsonKind::kBool;
    case 'n': return JsonKind::kNull;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      return JsonKind::kNumber;
    default: json_detail::damaged();
  }
}

/** End of the string whose quote is at `position`. */
std::size_t end_of_string(std::string_view text, std::size_t position) {
  for (std::size_t at = position + 1;;) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) json_detail::damaged();
    // A quote is escaped when an odd number of backslashes stands before it.
    std::size_t backslashes = 0;
    while (text[quote - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote + 1;
    at = quote + 1;
  }
}

}  // namespace

namespace json_detail {

void damaged() { throw FormatError("stored JSON is damaged"); }

}  // namespace json_detail

JsonValue::JsonValue(std::string_view text) : text_(text), kind_(kind_of(text)) {}

Number JsonValue::number() const {
  const std::optional<Number> value = number_value(text_);
  if (!value) json_detail::damaged();
  return *value;
}

std::string_view JsonValue::string(std::string& buffer) const {
  if (text_.size() < 2) json_detail::damaged();
  const std::string_view inside = text_.substr(1, text_.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  buffer.clear();
  append_decoded(buffer, inside);
  return buffer;
}

std::string JsonValue::string() const {
  std::string buffer;
  const std::string_view decoded = string(buffer);
  return std::string(decoded);
}

bool JsonValue::string_equals(std::string_view decoded) const {
  if (text_.size() < 2) json_detail::damaged();
  const std::string_view inside = text_.substr(1, text_.size() - 2);
  if (inside == decoded) return inside.find('\\') == std::string_view::npos;
  if (inside.size() < decoded.size() || inside.find('\\') == std::string_view::npos) return false;
  std::string buffer;
  return string(buffer) == decoded;
}

std::size_t JsonValue::size() const {
  std::size_t count = 0;
  if (kind_ == JsonKind::kArray) {
    each_element([&](const JsonValue&) { return ++count, true; });
  } else if (kind_ == JsonKind::kObject) {
    each_member([&](const JsonValue&, const JsonValue&) { return ++count, true; });
  } else {
    count = 1;
  }
  return count;
}

std::size_t end_of_value(std::string_view text, std::size_t position) {
  if (position >= text.size()) json_detail::damaged();
  const char first = text[position];
  if (first == '"') return end_of_string(text, position);
  if (first != '{' && first != '[') {
    const std::size_t end = text.find_first_of(",]}:", position);
    return end == std::string_view::npos ? text.size() : end;
  }
  std::size_t depth = 0;
  for (std::size_t at = position; at < text.size();) {
    switch (text[at]) {
      case '{': case '[': ++depth; ++at; break;
      case '}': case ']':
        ++at;
        if (--depth == 0) return at;
        break;
      case '"': at = end_of_string(text, at); break;
      default: ++at;
    }
  }
  json_detail::damaged();
}

bool find_member(const JsonValue& object, std::string_view key, JsonValue& found) {
  if (object.kind() != JsonKind::kObject) return false;
  // Stored objects have unique keys; the search stops at the first.
  return !object.each_member([&](const JsonValue& name, const JsonValue& value) {
    if (!name.string_equals(key)) return true;
    found = value;
    return false;
  });
}

}  // namespace vdb
