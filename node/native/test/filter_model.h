// Payloads and filters as plain trees, and the plainest possible reading of one against the other:
// what the engine's evaluation is compared with.
#pragma once

#include <algorithm>
#include <cctype>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fields/field_condition.h"
#include "io/bytes.h"

namespace vdb::model {

struct Value {
  enum class Kind { kNull, kBool, kNumber, kText, kList, kObject };
  Kind kind = Kind::kObject;
  bool boolean = false;
  Number number{};
  /** Of a text, or of a number as it is written. */
  std::string text{};
  std::vector<Value> elements{};
  std::vector<std::pair<std::string, Value>> members{};

  static Value of_text(std::string text) {
    Value value{Kind::kText};
    value.text = std::move(text);
    return value;
  }
  static Value of_number(Number number, std::string written) {
    Value value{Kind::kNumber};
    value.number = number;
    value.text = std::move(written);
    return value;
  }
};

struct Node {
  enum class Kind { kAllOf, kAnyOf, kNot, kAtLeast, kEverything, kLeaf, kHasId, kNested, kHasVector };
  Kind kind = Kind::kEverything;
  std::string path{};
  FieldCondition condition{};
  std::vector<Node> nodes{};
  std::uint32_t minimum = 0;
  std::vector<PointId> ids{};
};

inline const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {
      "red", "blue", "\xc3\xa9t\xc3\xa9", "a\"b\\", "", "550e8400-e29b-41d4-a716-446655440000",
      "550E8400E29B41D4A716446655440000", "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  };
  return all;
}

inline Value random_number(std::mt19937_64& random) {
  static const std::vector<std::pair<Number, std::string>> all = {
      {std::int64_t{0}, "0"},
      {std::int64_t{1}, "1"},
      {1.0, "1.0"},
      {std::int64_t{2}, "2"},
      {std::int64_t{-3}, "-3"},
      {0.5, "0.5"},
      {1.5, "15e-1"},
      {std::int64_t{9007199254740992}, "9007199254740992"},
      {std::int64_t{9007199254740993}, "9007199254740993"},
      {9007199254740992.0, "9007199254740992.0"},
      {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
      {std::uint64_t{9223372036854775808u}, "9223372036854775808"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615"},
      {1e300, "1e300"},
  };
  const auto& [number, text] = all[random() % all.size()];
  return Value::of_number(number, text);
}

inline Value random_scalar(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return Value{Value::Kind::kNull};
    case 1: {
      Value value{Value::Kind::kBool};
      value.boolean = random() % 2 == 0;
      return value;
    }
    case 2:
    case 3:
    case 4:
      return random_number(random);
    default:
      return Value::of_text(texts()[random() % texts().size()]);
  }
}

inline Value random_object(std::mt19937_64& random, int depth);

inline Value random_value(std::mt19937_64& random, int depth) {
  const auto choice = random() % 10;
  if (depth == 0 || choice < 5) return random_scalar(random);
  if (choice == 9) return random_object(random, depth - 1);
  Value value{Value::Kind::kList};
  for (std::size_t left = random() % 4; left > 0; left--) value.elements.push_back(random_value(random, depth - 1));
  return value;
}

inline Value random_object(std::mt19937_64& random, int depth) {
  Value value{Value::Kind::kObject};
  for (const char* key : {"x", "y"}) {
    if (random() % 3 != 0) value.members.emplace_back(key, random_value(random, depth));
  }
  return value;
}

inline Value random_payload(std::mt19937_64& random) {
  Value value{Value::Kind::kObject};
  for (const char* key : {"k", "n", "f", "b", "u", "m"}) {
    if (random() % 4 != 0) value.members.emplace_back(key, random_value(random, 2));
  }
  if (random() % 3 != 0) value.members.emplace_back("o", random_object(random, 1));
  Value list{Value::Kind::kList};
  for (std::size_t left = random() % 4; left > 0; left--) list.elements.push_back(random_object(random, 2));
  if (random() % 3 != 0) value.members.emplace_back("l", std::move(list));
  return value;
}

inline std::string to_json(const std::string& text, std::mt19937_64& random) {
  std::string json = "\"";
  for (std::size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\xc3' && random() % 2 == 0) {
      json += "\\u00e9";
      i++;
    } else if (c == 'e' && random() % 4 == 0) {
      json += "\\u0065";
    } else {
      json += c;
    }
  }
  return json + '"';
}

inline std::string to_json(const Value& value, std::mt19937_64& random) {
  std::string json;
  switch (value.kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return value.boolean ? "true" : "false";
    case Value::Kind::kNumber:
      return value.text;
    case Value::Kind::kText:
      return to_json(value.text, random);
    case Value::Kind::kList:
      for (const Value& element : value.elements) json += (json.empty() ? "" : ",") + to_json(element, random);
      return "[" + json + "]";
    case Value::Kind::kObject:
      for (const auto& [key, member] : value.members) {
        json += (json.empty() ? "" : ",") + to_json(key, random) + ":" + to_json(member, random);
      }
      return "{" + json + "}";
  }
  return json;
}

inline NumberRange random_range(std::mt19937_64& random) {
  NumberRange range;
  range.set = static_cast<std::uint8_t>(random() % 16);
  range.lt = random_number(random).number;
  range.lte = random_number(random).number;
  range.gt = random_number(random).number;
  range.gte = random_number(random).number;
  return range;
}

inline FieldCondition random_condition(std::mt19937_64& random) {
  switch (random() % 9) {
    case 0:
    case 1: {
      KeywordMatch match{{}, random() % 3 == 0};
      for (std::size_t left = random() % 7; left > 0; left--) match.values.push_back(texts()[random() % texts().size()]);
      return match;
    }
    case 2:
    case 3: {
      IntegerMatch match{{}, random() % 3 == 0};
      for (std::size_t left = random() % 4; left > 0;) {
        const Number number = random_number(random).number;
        if (std::holds_alternative<double>(number)) continue;
        match.values.push_back({number});
        left--;
      }
      return match;
    }
    case 4:
      return BoolMatch{random() % 2 == 0};
    case 5:
      return IsEmpty{};
    case 6:
      return IsNull{};
    case 7: {
      ValuesCount count;
      count.range.set = static_cast<std::uint8_t>(random() % 16);
      for (Number* bound : {&count.range.lt, &count.range.lte, &count.range.gt, &count.range.gte}) {
        *bound = static_cast<std::int64_t>(random() % 4);
      }
      return count;
    }
    default:
      return random_range(random);
  }
}

inline Node random_filter(std::mt19937_64& random, int depth, bool nested = false) {
  const auto choice = random() % 20;
  Node node;
  const auto children = [&](std::size_t count) {
    for (; count > 0; count--) node.nodes.push_back(random_filter(random, depth - 1, nested));
  };
  if (depth == 0 || choice < 8) {
    static const std::vector<std::string> whole = {"k", "n", "f", "b", "u", "o.x", "l[].x", "n[]", "m[1]", "l", "\"k\"", "nothing"};
    static const std::vector<std::string> element = {"x", "y", "x[]", "y.x"};
    const auto& paths = nested ? element : whole;
    node.kind = Node::Kind::kLeaf;
    node.path = paths[random() % paths.size()];
    node.condition = random_condition(random);
  } else if (choice < 11) {
    node.kind = Node::Kind::kAllOf;
    children(random() % 4);
  } else if (choice < 13) {
    node.kind = Node::Kind::kAnyOf;
    children(random() % 4);
  } else if (choice < 15) {
    node.kind = Node::Kind::kNot;
    children(1);
  } else if (choice == 15) {
    node.kind = Node::Kind::kAtLeast;
    node.minimum = static_cast<std::uint32_t>(random() % 4);
    children(random() % 5);
  } else if (choice == 16) {
    node.kind = Node::Kind::kHasId;
    for (std::size_t left = random() % 20; left > 0; left--) node.ids.push_back(PointId::of_number(random() % 100 * 5));
  } else if (choice == 17) {
    node.kind = Node::Kind::kHasVector;
    node.path = random() % 3 == 0 ? "w" : "v";
  } else if (choice == 18) {
    node.kind = Node::Kind::kEverything;
  } else {
    node.kind = Node::Kind::kNested;
    node.path = nested ? "x" : (random() % 2 == 0 ? "l" : "l[]");
    node.nodes.push_back(random_filter(random, depth - 1, true));
  }
  return node;
}

inline void write_bounds(const NumberRange& range, ByteWriter& out, bool counts) {
  out.u8(range.set);
  const auto bound = [&](NumberRange::Bound flag, const Number& value) {
    if ((range.set & flag) == 0) return;
    if (counts) {
      out.u64(static_cast<std::uint64_t>(std::get<std::int64_t>(value)));
    } else {
      out.number(value);
    }
  };
  bound(NumberRange::kLt, range.lt);
  bound(NumberRange::kLte, range.lte);
  bound(NumberRange::kGt, range.gt);
  bound(NumberRange::kGte, range.gte);
}

inline void write_leaf(const Node& node, ByteWriter& out) {
  const auto op = [&](std::uint8_t code) {
    out.u8(code);
    out.string(node.path);
  };
  if (const auto* keywords = std::get_if<KeywordMatch>(&node.condition)) {
    op(keywords->except ? 0x13 : 0x10);
    out.count(keywords->values.size());
    for (const std::string& value : keywords->values) out.blob(value);
  } else if (const auto* integers = std::get_if<IntegerMatch>(&node.condition)) {
    op(integers->except ? 0x14 : 0x11);
    out.count(integers->values.size());
    for (const ExactNumber& value : integers->values) out.number(value.value);
  } else if (const auto* boolean = std::get_if<BoolMatch>(&node.condition)) {
    op(0x12);
    out.u8(boolean->value ? 1 : 0);
  } else if (const auto* range = std::get_if<NumberRange>(&node.condition)) {
    op(0x18);
    write_bounds(*range, out, false);
  } else if (const auto* count = std::get_if<ValuesCount>(&node.condition)) {
    op(0x23);
    write_bounds(count->range, out, true);
  } else {
    op(std::holds_alternative<IsEmpty>(node.condition) ? 0x21 : 0x22);
  }
}

inline void write_node(const Node& node, ByteWriter& out) {
  switch (node.kind) {
    case Node::Kind::kAllOf:
    case Node::Kind::kAnyOf:
    case Node::Kind::kAtLeast:
      out.u8(node.kind == Node::Kind::kAllOf ? 0x01 : node.kind == Node::Kind::kAnyOf ? 0x02 : 0x04);
      if (node.kind == Node::Kind::kAtLeast) out.u32(node.minimum);
      out.count(node.nodes.size());
      break;
    case Node::Kind::kNot:
      out.u8(0x03);
      break;
    case Node::Kind::kEverything:
      out.u8(0x05);
      break;
    case Node::Kind::kLeaf:
      write_leaf(node, out);
      break;
    case Node::Kind::kHasId:
      out.u8(0x20);
      out.ids(node.ids);
      break;
    case Node::Kind::kNested:
      out.u8(0x24);
      out.string(node.path);
      break;
    case Node::Kind::kHasVector:
      out.u8(0x25);
      out.string(node.path);
      break;
  }
  for (const Node& inner : node.nodes) write_node(inner, out);
}

inline std::vector<std::uint8_t> compile(const Node& node) {
  ByteWriter out;
  write_node(node, out);
  return out.take();
}

/** Program bytes in hexadecimal, to look at when a comparison fails. */
inline std::string describe(const Node& node) {
  std::string text;
  for (const std::uint8_t byte : compile(node)) {
    if (std::isprint(byte) != 0) {
      text += static_cast<char>(byte);
    } else {
      text += "\\x" + std::string(1, "0123456789abcdef"[byte >> 4]) + "0123456789abcdef"[byte & 15];
    }
  }
  return text;
}

/** What the values of a path are, found by splitting its text. Bare and quoted keys, `[]` and `[n]`. */
inline std::vector<const Value*> values_at(const Value& root, const std::string& path) {
  std::vector<const Value*> found{&root};
  for (std::size_t at = 0; at < path.size();) {
    std::vector<const Value*> next;
    if (path[at] == '[') {
      const std::size_t end = path.find(']', at);
      const std::string index = path.substr(at + 1, end - at - 1);
      for (const Value* value : found) {
        for (std::size_t i = 0; value->kind == Value::Kind::kList && i < value->elements.size(); i++) {
          if (index.empty() || std::stoul(index) == i) next.push_back(&value->elements[i]);
        }
      }
      at = end + 1;
    } else {
      if (path[at] == '.') at++;
      std::size_t end = path.find_first_of(".[", at);
      if (end == std::string::npos) end = path.size();
      std::string key = path.substr(at, end - at);
      if (key.front() == '"') key = key.substr(1, key.size() - 2);
      for (const Value* value : found) {
        for (const auto& [name, member] : value->members) {
          if (name == key) next.push_back(&member);
        }
      }
      at = end;
    }
    found = std::move(next);
  }
  return found;
}

/** All three number types fit the 64-bit mantissa of the widest type exactly, on x86 and on 64-bit Arm. */
inline long double widened(const Number& number) {
  return std::visit([](auto value) { return static_cast<long double>(value); }, number);
}

inline bool in_range(const NumberRange& range, const Number& number) {
  const long double value = widened(number);
  return ((range.set & 1) == 0 || value < widened(range.lt)) && ((range.set & 2) == 0 || value <= widened(range.lte)) &&
         ((range.set & 4) == 0 || value > widened(range.gt)) && ((range.set & 8) == 0 || value >= widened(range.gte));
}

/** The digits of what looks like a UUID, in lower case; any other text as it is. */
inline std::string folded(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const bool uuid = digits.size() == 32 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  return uuid ? digits : text;
}

struct Subject {
  const Value& value;
  PointId id;
  bool has_vector;
  bool nested;
  std::string prefix;
  const std::set<std::string>& uuid_paths;
};

inline bool element_meets(const FieldCondition& condition, const Value& value, bool by_uuid) {
  if (const auto* keywords = std::get_if<KeywordMatch>(&condition)) {
    bool among = false;
    for (const std::string& wanted : keywords->values) {
      if (value.kind != Value::Kind::kText) continue;
      among = among || (by_uuid ? folded(wanted) == folded(value.text) : wanted == value.text);
    }
    return keywords->except ? value.kind != Value::Kind::kNull && !among : among;
  }
  if (const auto* integers = std::get_if<IntegerMatch>(&condition)) {
    bool among = false;
    for (const ExactNumber& wanted : integers->values) {
      among = among || (value.kind == Value::Kind::kNumber && value.number == wanted.value);
    }
    return integers->except ? value.kind != Value::Kind::kNull && !among : among;
  }
  if (const auto* boolean = std::get_if<BoolMatch>(&condition)) {
    return value.kind == Value::Kind::kBool && value.boolean == boolean->value;
  }
  return value.kind == Value::Kind::kNumber && in_range(std::get<NumberRange>(condition), value.number);
}

inline bool naive_leaf(const Node& node, const Subject& subject) {
  const auto values = values_at(subject.value, node.path);
  std::string canonical = subject.prefix + node.path;
  std::erase(canonical, '"');
  const bool by_uuid = subject.uuid_paths.contains(canonical);
  bool some = false;
  for (const Value* value : values) {
    const bool list = value->kind == Value::Kind::kList;
    if (std::holds_alternative<IsEmpty>(node.condition)) {
      some = some || !(value->kind == Value::Kind::kNull || (list && value->elements.empty()));
    } else if (std::holds_alternative<IsNull>(node.condition)) {
      some = some || value->kind == Value::Kind::kNull;
    } else if (const auto* count = std::get_if<ValuesCount>(&node.condition)) {
      const std::int64_t size = list ? static_cast<std::int64_t>(value->elements.size()) : value->kind == Value::Kind::kNull ? 0 : 1;
      some = some || in_range(count->range, size);
    } else if (list) {
      for (const Value& element : value->elements) some = some || element_meets(node.condition, element, by_uuid);
    } else {
      some = some || element_meets(node.condition, *value, by_uuid);
    }
  }
  return std::holds_alternative<IsEmpty>(node.condition) ? !some : some;
}

inline bool naive(const Node& node, const Subject& subject) {
  std::size_t held = 0;
  if (node.kind != Node::Kind::kNested) {
    for (const Node& inner : node.nodes) held += naive(inner, subject) ? 1 : 0;
  }
  switch (node.kind) {
    case Node::Kind::kAllOf:
      return held == node.nodes.size();
    case Node::Kind::kAnyOf:
      return held > 0;
    case Node::Kind::kNot:
      return held == 0;
    case Node::Kind::kAtLeast:
      return held >= node.minimum;
    case Node::Kind::kEverything:
      return true;
    case Node::Kind::kLeaf:
      return naive_leaf(node, subject);
    case Node::Kind::kHasId:
      return !subject.nested && std::find(node.ids.begin(), node.ids.end(), subject.id) != node.ids.end();
    case Node::Kind::kHasVector:
      return !subject.nested && node.path == "v" && subject.has_vector;
    case Node::Kind::kNested: {
      const std::string list = node.path.ends_with("[]") ? node.path : node.path + "[]";
      for (const Value* element : values_at(subject.value, list)) {
        if (element->kind != Value::Kind::kObject) continue;
        const std::string prefix = subject.prefix + list + ".";
        if (naive(node.nodes.front(), {*element, subject.id, subject.has_vector, true, prefix, subject.uuid_paths})) return true;
      }
      return false;
    }
  }
  return false;
}

}  // namespace vdb::model
