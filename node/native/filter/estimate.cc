#include <algorithm>
#include <bit>
#include <cmath>

#include "fields/field_index.h"
#include "filter/filter_evaluation.h"
#include "filter/filter_node.h"
#include "filter/index_evaluation.h"

namespace vdb {

namespace {

/** Up to here ids are looked up; of longer lists all are taken to exist. */
constexpr std::size_t kIdsLookedUpMax = 4096;
/** Up to here the chance of "at least" is computed; of longer lists the middle of the bounds is taken. */
constexpr std::size_t kAtLeastNodesMax = 64;

/** Conditions are taken to be independent of each other, for want of anything better. */
class Estimator {
 public:
  explicit Estimator(const FilterContext& context) : context_(context) {
    for (const std::uint64_t word : context.live()) slots_ += static_cast<unsigned>(std::popcount(word));
  }

  Estimate operator()(const AllOf& all) const {
    Estimate result = everything();
    double chance = 1;
    std::uint64_t missing = 0;
    for (const FilterNode& node : all.nodes) {
      const Estimate next = estimate(node);
      missing += slots_ - next.min;
      result.max = std::min(result.max, next.max);
      result.indexed = result.indexed && next.indexed;
      chance *= share(next);
    }
    result.min = slots_ - std::min(slots_, missing);
    return settled(result, chance);
  }

  Estimate operator()(const AnyOf& any) const {
    Estimate result{0, 0, 0, true};
    double none = 1;
    for (const FilterNode& node : any.nodes) {
      const Estimate next = estimate(node);
      result.min = std::max(result.min, next.min);
      result.max = std::min(slots_, result.max + next.max);
      result.indexed = result.indexed && next.indexed;
      none *= 1 - share(next);
    }
    return settled(result, 1 - none);
  }

  Estimate operator()(const Not& inner) const {
    const Estimate of = estimate(*inner.node);
    return {slots_ - of.max, slots_ - of.expected, slots_ - of.min, of.indexed};
  }

  Estimate operator()(const AtLeast& some) const {
    if (some.minimum == 0) return everything();
    Estimate result{0, 0, 0, true};
    if (some.minimum > some.nodes.size()) return result;
    // chances[k]: that exactly k of the conditions so far hold.
    std::vector<double> chances{1};
    const bool computed = some.nodes.size() <= kAtLeastNodesMax;
    std::uint64_t matches_max = 0;
    for (const FilterNode& node : some.nodes) {
      const Estimate next = estimate(node);
      matches_max += next.max;
      result.indexed = result.indexed && next.indexed;
      if (!computed) continue;
      chances.push_back(0);
      for (std::size_t k = chances.size(); k-- > 0;) {
        chances[k] = chances[k] * (1 - share(next)) + (k > 0 ? chances[k - 1] * share(next) : 0);
      }
    }
    result.max = std::min(slots_, matches_max / some.minimum);
    double chance = 0;
    for (std::size_t k = some.minimum; k < chances.size(); k++) chance += chances[k];
    if (!computed) chance = slots_ == 0 ? 0 : static_cast<double>(result.max) / 2 / static_cast<double>(slots_);
    return settled(result, chance);
  }

  Estimate operator()(const Everything&) const { return everything(); }

  Estimate operator()(const AtPath& leaf) const {
    const FieldIndex* index = context_.fields().find(leaf.canonical_path);
    if (index == nullptr || !index->answers(leaf.condition)) return unknown();
    const Cardinality of = index->cardinality(leaf.condition, slots_);
    const std::uint64_t max = std::min(of.max, slots_);
    const std::uint64_t min = std::min(of.min, max);
    return {min, std::clamp(of.expected, min, max), max, true};
  }

  Estimate operator()(const HasId& leaf) const {
    const std::uint64_t listed = std::min<std::uint64_t>(slots_, leaf.ids.size());
    if (leaf.ids.size() > kIdsLookedUpMax) return {0, listed, listed, true};
    std::uint64_t found = 0;
    for (const PointId& id : leaf.ids) found += context_.ids().find(id) ? 1 : 0;
    found = std::min(found, slots_);
    return {found, found, found, true};
  }

  /** An element that matches is in a slot that an index on the elements' field knows. */
  Estimate operator()(const Nested& nested) const {
    Estimate result = unknown();
    result.max = nested_max(*nested.node, nested.path.steps());
    result.expected = std::min(result.expected, result.max);
    return result;
  }

  /** Vectors are there as a rule, and how many are missing is not counted per name. */
  Estimate operator()(const HasVector&) const { return {0, slots_, slots_, true}; }

  Estimate estimate(const FilterNode& node) const { return std::visit(*this, node.value); }

 private:
  Estimate everything() const { return {slots_, slots_, slots_, true}; }
  Estimate unknown() const { return {0, slots_ / 2, slots_, false}; }

  double share(const Estimate& of) const {
    return slots_ == 0 ? 0 : static_cast<double>(of.expected) / static_cast<double>(slots_);
  }

  Estimate settled(Estimate estimate, double chance) const {
    const auto expected = static_cast<std::uint64_t>(std::llround(chance * static_cast<double>(slots_)));
    estimate.max = std::max(estimate.max, estimate.min);
    estimate.expected = std::clamp(expected, estimate.min, estimate.max);
    return estimate;
  }

  std::uint64_t nested_max(const FilterNode& node, const std::vector<PathStep>& prefix) const {
    if (const auto* all = std::get_if<AllOf>(&node.value)) {
      std::uint64_t most = slots_;
      for (const FilterNode& inner : all->nodes) most = std::min(most, nested_max(inner, prefix));
      return most;
    }
    const auto* leaf = std::get_if<AtPath>(&node.value);
    if (leaf == nullptr || std::holds_alternative<IsEmpty>(leaf->condition)) return slots_;
    const FieldIndex* index = context_.fields().find(joined(prefix, leaf->path).to_string());
    if (index == nullptr || !index->answers(leaf->condition)) return slots_;
    return std::min(slots_, index->cardinality(leaf->condition, slots_).max);
  }

  const FilterContext& context_;
  std::uint64_t slots_ = 0;
};

}  // namespace

Estimate estimate(const FilterProgram& program, const FilterContext& context) {
  return Estimator(context).estimate(program.root());
}

}  // namespace vdb
