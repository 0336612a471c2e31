// Payloads and filters as plain trees, and their encodings.
#pragma once

#include <cctype>
#include <random>
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

}  // namespace vdb::model
