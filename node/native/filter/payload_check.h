#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter_context.h"
#include "filter/filter_node.h"

namespace vdb {

/** Decides one slot by its payload, which is asked for when the first condition needs it. */
class PayloadCheck {
 public:
  /** `uuid_paths` are the canonical paths with a UUID index; they outlive the check. */
  PayloadCheck(const FilterContext& context, const std::vector<std::string>& uuid_paths, std::uint32_t slot,
               std::function<std::string_view()> payload);

  bool matches(const FilterNode& node);

 private:
  /** A part of the payload that conditions look into: the whole, or an element of an array. */
  struct Scope {
    const JsonValue* element = nullptr;
    /** Path of the element, empty for the whole. */
    const std::vector<PathStep>* prefix = nullptr;
  };

  bool check(const FilterNode& node, const Scope& scope);
  bool at_least(std::uint64_t minimum, const FilterNodes& nodes, const Scope& scope);
  bool at_path(const AtPath& leaf, const Scope& scope);
  bool nested(const Nested& nested, const Scope& scope);
  bool by_uuid(const AtPath& leaf, const Scope& scope) const;
  const JsonValue& root(const Scope& scope);

  const FilterContext& context_;
  const std::vector<std::string>& uuid_paths_;
  std::uint32_t slot_;
  std::function<std::string_view()> payload_;
  JsonValue whole_{"{}"};
  bool fetched_ = false;
};

}  // namespace vdb
