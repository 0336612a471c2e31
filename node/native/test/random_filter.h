// Random payloads and filters over a handful of keys and values, so that they often meet.
#pragma once

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "test/filter_model.h"

namespace vdb::model {

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

}  // namespace vdb::model
