#include "filter/payload_check.h"

#include <algorithm>

#include "fields/value_check.h"
#include "filter/index_evaluation.h"

namespace vdb {

PayloadCheck::PayloadCheck(const SlotFacts& facts, std::uint32_t slot, std::function<std::string_view()> payload)
    : facts_(facts), slot_(slot), payload_(std::move(payload)) {}

bool PayloadCheck::matches(const FilterNode& node) { return check(node, {}); }

bool PayloadCheck::check(const FilterNode& node, const Scope& scope) {
  struct Case {
    PayloadCheck& self;
    const Scope& scope;

    bool operator()(const AllOf& all) const {
      return std::ranges::all_of(all.nodes, [&](const FilterNode& inner) { return self.check(inner, scope); });
    }
    bool operator()(const AnyOf& any) const {
      return std::ranges::any_of(any.nodes, [&](const FilterNode& inner) { return self.check(inner, scope); });
    }
    bool operator()(const Not& inner) const { return !self.check(*inner.node, scope); }
    bool operator()(const AtLeast& some) const { return self.at_least(some.minimum, some.nodes, scope); }
    bool operator()(const Everything&) const { return true; }
    bool operator()(const AtPath& leaf) const { return self.at_path(leaf, scope); }
    // Elements of an array have neither ids nor vectors: within them these match nothing, as in the original.
    bool operator()(const HasId& leaf) const {
      return scope.element == nullptr && self.facts_.has_id(leaf, self.slot_);
    }
    bool operator()(const Nested& inner) const { return self.nested(inner, scope); }
    bool operator()(const HasVector& leaf) const {
      return scope.element == nullptr && self.facts_.has_vector(leaf, self.slot_);
    }
  };
  return std::visit(Case{*this, scope}, node.value);
}

bool PayloadCheck::at_least(std::uint64_t minimum, const FilterNodes& nodes, const Scope& scope) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < nodes.size() && found < minimum; i++) {
    if (check(nodes[i], scope)) found++;
  }
  return found >= minimum;
}

bool PayloadCheck::at_path(const AtPath& leaf, const Scope& scope) {
  return meets(root(scope), leaf.path, leaf.condition, by_uuid(leaf, scope));
}

bool PayloadCheck::nested(const Nested& nested, const Scope& scope) {
  const std::vector<PathStep> prefix =
      scope.prefix == nullptr ? nested.path.steps() : joined(*scope.prefix, nested.path).steps();
  return !visit_path(root(scope), nested.path, [&](const JsonValue& element) {
    return element.kind() != JsonKind::kObject || !check(*nested.node, {&element, &prefix});
  });
}

bool PayloadCheck::by_uuid(const AtPath& leaf, const Scope& scope) const {
  if (facts_.uuid_paths.empty() || !std::holds_alternative<KeywordMatch>(leaf.condition)) return false;
  if (scope.prefix == nullptr) return std::ranges::binary_search(facts_.uuid_paths, leaf.canonical_path);
  return std::ranges::binary_search(facts_.uuid_paths, joined(*scope.prefix, leaf.path).to_string());
}

const JsonValue& PayloadCheck::root(const Scope& scope) {
  if (scope.element != nullptr) return *scope.element;
  if (!fetched_) {
    const std::string_view payload = payload_();
    if (!payload.empty()) whole_ = JsonValue(payload);
    fetched_ = true;
  }
  return whole_;
}

}  // namespace vdb
