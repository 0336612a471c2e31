#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "filter/filter_node.h"
#include "filter/slot_facts.h"

namespace vdb {

/** Decides one slot by its payload, which is asked for when the first condition needs it. */
class PayloadCheck {
 public:
  /** `facts` of the filter outlive the check. */
  PayloadCheck(const SlotFacts& facts, std::uint32_t slot, std::function<std::string_view()> payload);

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

  const SlotFacts& facts_;
  std::uint32_t slot_;
  std::function<std::string_view()> payload_;
  JsonValue whole_{"{}"};
  bool fetched_ = false;
};

}  // namespace vdb
