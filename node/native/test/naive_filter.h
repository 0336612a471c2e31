// The plainest possible reading of a filter against a payload: what the engine's evaluation is
// compared with.
#pragma once

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "test/filter_model.h"

namespace vdb::model {

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
