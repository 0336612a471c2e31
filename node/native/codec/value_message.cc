#include "codec/value_message.h"

#include <bit>
#include <cmath>
#include <variant>

#include "codec/wire_reader.h"
#include "io/errors.h"
#include "json/limits.h"
#include "json/number.h"
#include "json/string.h"
#include "json/value.h"

namespace vdb {
namespace {

/** Field numbers of qdrant.Value. */
enum ValueField : std::uint32_t { kNull = 1, kDouble = 2, kInteger = 3, kString = 4, kBool = 5, kStruct = 6, kList = 7 };
/** Of the entries of any map, and of the lists in qdrant.Struct and qdrant.ListValue. */
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kEntryValue = 2;
constexpr std::uint32_t kItems = 1;

/** `depth` counts the containers around a container: the same limit as in JSON. */
void check_depth(std::size_t depth) {
  if (depth >= kJsonDepthMax) throw BadRequest("payload: recursion limit exceeded");
}

/** A stored payload as fields of qdrant.Value, in one walk over the text whatever its depth. */
class ValueWriter {
 public:
  ValueWriter(WireWriter& writer, std::string_view text) : writer_(writer), text_(text) {}

  void members(std::uint32_t field) {
    expect('{');
    enter();
    if (!accept('}')) {
      do {
        const std::size_t entry = writer_.begin(field);
        writer_.string_field(kKey, string());
        expect(':');
        const std::size_t value = writer_.begin(kEntryValue);
        append_value();
        writer_.end(value);
        writer_.end(entry);
      } while (accept(','));
      expect('}');
    }
    --depth_;
  }

  void expect_end() {
    if (position_ != text_.size()) json_detail::damaged();
  }

 private:
  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) json_detail::damaged();
  }
  void enter() {
    if (++depth_ > kStoredJsonDepthMax) json_detail::damaged();
  }

  JsonValue scalar() {
    const std::size_t end = end_of_value(text_, position_);
    const JsonValue value(text_.substr(position_, end - position_));
    position_ = end;
    return value;
  }

  std::string_view string() {
    if (peek() != '"') json_detail::damaged();
    return scalar().string(buffer_);
  }

  void append_items() {
    expect('[');
    enter();
    if (!accept(']')) {
      do {
        const std::size_t item = writer_.begin(kItems);
        append_value();
        writer_.end(item);
      } while (accept(','));
      expect(']');
    }
    --depth_;
  }

  void append_value() {
    if (peek() == '{') {
      const std::size_t inner = writer_.begin(kStruct);
      members(kItems);
      return writer_.end(inner);
    }
    if (peek() == '[') {
      const std::size_t inner = writer_.begin(kList);
      append_items();
      return writer_.end(inner);
    }
    const JsonValue value = scalar();
    switch (value.kind()) {
      case JsonKind::kNull: return writer_.varint_field(kNull, 0);
      case JsonKind::kBool: return writer_.varint_field(kBool, value.boolean() ? 1 : 0);
      case JsonKind::kString: return writer_.string_field(kString, value.string(buffer_));
      case JsonKind::kNumber: return append_number(value.number());
      case JsonKind::kArray: case JsonKind::kObject: break;
    }
    json_detail::damaged();
  }

  void append_number(const Number& number) {
    if (const auto* integer = std::get_if<std::int64_t>(&number)) {
      writer_.varint_field(kInteger, static_cast<std::uint64_t>(*integer));
    } else if (const auto* large = std::get_if<std::uint64_t>(&number)) {
      writer_.fixed64_field(kDouble, static_cast<double>(*large));
    } else {
      writer_.fixed64_field(kDouble, std::get<double>(number));
    }
  }

  WireWriter& writer_;
  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t depth_ = 0;
  std::string buffer_;
};

}  // namespace

void ValueMapReader::clear() { json_.assign(1, '{'); }

std::string_view ValueMapReader::finish() {
  if (json_.size() == 1) return {};
  members_.end(0, json_);
  json_.push_back('}');
  return json_;
}

void ValueMapReader::append_entry(std::span<const std::uint8_t> message, std::size_t depth) {
  std::string_view key;
  std::span<const std::uint8_t> value;
  for (WireReader reader(message); reader.next();) {
    switch (reader.field()) {
      case kKey: key = reader.string(); break;
      case kEntryValue: value = reader.bytes(); break;
      default: reader.skip();
    }
  }
  if (json_.back() != '{') json_.push_back(',');
  members_.add(key, false, json_.size());
  append_quoted(json_, key);
  json_.push_back(':');
  append_value(value, depth + 1);
}

void ValueMapReader::append_value(std::span<const std::uint8_t> message, std::size_t depth) {
  // The members of a oneof may all be there; the last one counts.
  const std::size_t start = json_.size();
  json_.append("null");
  for (WireReader reader(message); reader.next();) {
    if (reader.field() > kList) {
      reader.skip();
      continue;
    }
    json_.resize(start);
    switch (reader.field()) {
      case kNull: reader.varint(); json_.append("null"); break;
      case kDouble: {
        const auto value = std::bit_cast<double>(reader.fixed64());
        if (!std::isfinite(value)) throw BadRequest("payload: a number is not finite");
        append_double(json_, value);
        break;
      }
      case kInteger: append_integer(json_, static_cast<std::int64_t>(reader.varint())); break;
      case kString: append_quoted(json_, reader.string()); break;
      case kBool: json_.append(reader.varint() != 0 ? "true" : "false"); break;
      case kStruct: append_struct(reader.bytes(), depth); break;
      case kList: append_list(reader.bytes(), depth); break;
    }
  }
}

void ValueMapReader::append_struct(std::span<const std::uint8_t> message, std::size_t depth) {
  check_depth(depth);
  json_.push_back('{');
  const std::size_t first = members_.begin();
  for (WireReader reader(message); reader.next();) {
    if (reader.field() == kItems) {
      append_entry(reader.bytes(), depth);
    } else {
      reader.skip();
    }
  }
  members_.end(first, json_);
  json_.push_back('}');
}

void ValueMapReader::append_list(std::span<const std::uint8_t> message, std::size_t depth) {
  check_depth(depth);
  json_.push_back('[');
  bool first = true;
  for (WireReader reader(message); reader.next();) {
    if (reader.field() != kItems) {
      reader.skip();
      continue;
    }
    if (!first) json_.push_back(',');
    first = false;
    append_value(reader.bytes(), depth + 1);
  }
  json_.push_back(']');
}

void append_value_map(WireWriter& writer, std::uint32_t field, std::string_view payload) {
  if (payload.empty()) return;
  ValueWriter values(writer, payload);
  values.members(field);
  values.expect_end();
}

std::string payload_from_entries(std::span<const std::uint8_t> entries) {
  ValueMapReader map;
  for (WireReader reader(entries); reader.next();) {
    if (reader.field() == kItems) {
      map.entry(reader.bytes());
    } else {
      reader.skip();
    }
  }
  const std::string_view json = map.finish();
  return json.empty() ? "{}" : std::string(json);
}

}  // namespace vdb
