#include "fields/value_check.h"

#include <algorithm>

namespace vdb {

namespace {

/** Below this many values comparing with each is cheaper than decoding the text to look it up. */
constexpr std::size_t kCompareEachMax = 4;

bool spells_one_of(std::string_view text, const std::vector<std::string>& values) {
  const auto uuid = parse_uuid(text);
  return uuid && std::ranges::any_of(values, [&](const std::string& value) { return parse_uuid(value) == uuid; });
}

bool is_among(const JsonValue& value, const std::vector<std::string>& values, bool uuids) {
  if (value.kind() != JsonKind::kString) return false;
  if (!uuids && values.size() <= kCompareEachMax) {
    return std::ranges::any_of(values, [&](const std::string& wanted) { return value.string_equals(wanted); });
  }
  std::string buffer;
  const std::string_view text = value.string(buffer);
  if (std::ranges::binary_search(values, text, std::less<>())) return true;
  return uuids && spells_one_of(text, values);
}

bool is_among(const JsonValue& value, const std::vector<ExactNumber>& values) {
  return value.kind() == JsonKind::kNumber && std::ranges::binary_search(values, ExactNumber{value.number()});
}

/** Whether visiting stopped early is how these loops say that something was found. */
template <class Test>
bool any_value(const JsonValue& root, const JsonPath& path, Test&& test) {
  return !visit_values(root, path, [&](const JsonValue& value) { return !test(value); });
}

template <class Test>
bool any_at_path(const JsonValue& root, const JsonPath& path, Test&& test) {
  return !visit_path(root, path, [&](const JsonValue& value) { return !test(value); });
}

std::int64_t values_count(const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::kNull:
      return 0;
    case JsonKind::kArray:
      return static_cast<std::int64_t>(value.size());
    case JsonKind::kBool:
    case JsonKind::kNumber:
    case JsonKind::kString:
    case JsonKind::kObject:
      return 1;
  }
  return 1;
}

struct Check {
  const JsonValue& root;
  const JsonPath& path;
  bool uuids;

  bool operator()(const KeywordMatch& match) const {
    return any_value(root, path, [&](const JsonValue& value) {
      return !(match.except && value.is_null()) && is_among(value, match.values, uuids) != match.except;
    });
  }

  bool operator()(const IntegerMatch& match) const {
    return any_value(root, path, [&](const JsonValue& value) {
      return !(match.except && value.is_null()) && is_among(value, match.values) != match.except;
    });
  }

  bool operator()(const BoolMatch& match) const {
    return any_value(root, path, [&](const JsonValue& value) {
      return value.kind() == JsonKind::kBool && value.boolean() == match.value;
    });
  }

  bool operator()(const NumberRange& range) const {
    return any_value(root, path, [&](const JsonValue& value) {
      return value.kind() == JsonKind::kNumber && range.contains(value.number());
    });
  }

  bool operator()(const IsEmpty&) const {
    return !any_at_path(root, path, [](const JsonValue& value) {
      return !value.is_null() && !(value.kind() == JsonKind::kArray && value.size() == 0);
    });
  }

  bool operator()(const IsNull&) const {
    return any_at_path(root, path, [](const JsonValue& value) { return value.is_null(); });
  }

  bool operator()(const ValuesCount& count) const {
    return any_at_path(root, path, [&](const JsonValue& value) { return count.range.contains(values_count(value)); });
  }
};

}  // namespace

bool meets(const JsonValue& root, const JsonPath& path, const FieldCondition& condition, bool uuids) {
  return std::visit(Check{root, path, uuids}, condition);
}

}  // namespace vdb
