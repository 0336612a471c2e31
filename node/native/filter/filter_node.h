#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "fields/field_condition.h"
#include "json/path.h"

namespace vdb {

struct FilterNode;
using FilterNodes = std::vector<FilterNode>;

struct AllOf {
  FilterNodes nodes;
};
struct AnyOf {
  FilterNodes nodes;
};
struct Not {
  std::unique_ptr<FilterNode> node;
};
struct AtLeast {
  std::uint32_t minimum;
  FilterNodes nodes;
};
struct Everything {};
struct AtPath {
  JsonPath path;
  /** The path as field indexes know it. */
  std::string canonical_path;
  FieldCondition condition;
};
struct HasId {
  /** Ascending, unique. */
  std::vector<PointId> ids;
};
struct Nested {
  /** Of the objects looked at: ends in `[]`. */
  JsonPath path;
  std::unique_ptr<FilterNode> node;
};
struct HasVector {
  std::string name;
};

struct FilterNode {
  std::variant<AllOf, AnyOf, Not, AtLeast, Everything, AtPath, HasId, Nested, HasVector> value;
};

}  // namespace vdb
