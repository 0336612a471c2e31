#include "filter/index_evaluation.h"

#include <algorithm>

#include "fields/field_index.h"

namespace vdb {

namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

void and_into(SlotWords& into, const SlotWords& other) {
  for (std::size_t w = 0; w < into.size(); w++) into[w] &= other[w];
}

void or_into(SlotWords& into, const SlotWords& other) {
  for (std::size_t w = 0; w < into.size(); w++) into[w] |= other[w];
}

void complement(SlotWords& words) {
  for (std::uint64_t& word : words) word = ~word;
}

bool is_zero(const SlotWords& words) {
  return std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; });
}

/** Joins `next` into `known` with one operation on both bounds. */
template <class Join>
void join(IndexEvaluation::Known& known, const IndexEvaluation::Known& next, Join&& operation) {
  if (known.exact && !next.exact) {
    known.possible = known.certain;
    known.exact = false;
  }
  if (!known.exact) operation(known.possible, next.upper());
  operation(known.certain, next.certain);
}

}  // namespace

JsonPath joined(const std::vector<PathStep>& prefix, const JsonPath& inner) {
  std::vector<PathStep> steps = prefix;
  steps.insert(steps.end(), inner.steps().begin(), inner.steps().end());
  return JsonPath(std::move(steps));
}

IndexEvaluation::IndexEvaluation(const FilterContext& context) : context_(context), words_(context.live().size()) {}

IndexEvaluation::Known IndexEvaluation::evaluate(const FilterNode& node) const {
  return std::visit(Overloaded{
                        [&](const AllOf& all) { return all_of(all.nodes); },
                        [&](const AnyOf& any) { return any_of(any.nodes); },
                        [&](const Not& inner) { return negated(evaluate(*inner.node)); },
                        [&](const AtLeast& some) { return at_least(some.minimum, some.nodes); },
                        [&](const Everything&) { return constant(true); },
                        [&](const AtPath& leaf) { return at_path(leaf); },
                        [&](const HasId& leaf) { return has_id(leaf); },
                        [&](const Nested& inner) { return nested(inner); },
                        [&](const HasVector& leaf) { return has_vector(leaf); },
                    },
                    node.value);
}

IndexEvaluation::Known IndexEvaluation::all_of(const FilterNodes& nodes) const {
  Known known = constant(true);
  for (const FilterNode& node : nodes) {
    join(known, evaluate(node), and_into);
    if (is_zero(known.upper())) return constant(false);
  }
  return known;
}

IndexEvaluation::Known IndexEvaluation::any_of(const FilterNodes& nodes) const {
  Known known = constant(false);
  for (const FilterNode& node : nodes) join(known, evaluate(node), or_into);
  return known;
}

IndexEvaluation::Known IndexEvaluation::at_least(std::uint32_t minimum, const FilterNodes& nodes) const {
  if (minimum == 0) return constant(true);
  if (minimum > nodes.size()) return constant(false);
  SlotCounter certain(words_, nodes.size());
  SlotCounter possible(words_, nodes.size());
  bool exact = true;
  for (const FilterNode& node : nodes) {
    const Known known = evaluate(node);
    certain.add(known.certain);
    possible.add(known.upper());
    exact = exact && known.exact;
  }
  return {certain.at_least(minimum), exact ? SlotWords() : possible.at_least(minimum), exact};
}

IndexEvaluation::Known IndexEvaluation::negated(Known known) const {
  complement(known.certain);
  if (known.exact) return known;
  complement(known.possible);
  std::swap(known.certain, known.possible);
  return known;
}

IndexEvaluation::Known IndexEvaluation::at_path(const AtPath& leaf) const {
  const FieldIndex* index = context_.fields().find(leaf.canonical_path);
  if (index == nullptr || !index->answers(leaf.condition)) return {filled(false), filled(true), false};
  Known known = constant(false);
  index->matches(leaf.condition, known.certain);
  return known;
}

IndexEvaluation::Known IndexEvaluation::has_id(const HasId& leaf) const {
  Known known = constant(false);
  for (const PointId& id : leaf.ids) {
    const auto slot = context_.ids().find(id);
    if (slot && *slot / 64 < words_) known.certain[*slot / 64] |= std::uint64_t{1} << (*slot % 64);
  }
  return known;
}

IndexEvaluation::Known IndexEvaluation::has_vector(const HasVector& leaf) const {
  Known known = constant(false);
  context_.slots_with_vector(leaf.name, known.certain);
  return known;
}

IndexEvaluation::Known IndexEvaluation::nested(const Nested& nested) const {
  return {filled(false), possible_within(*nested.node, nested.path.steps()), false};
}

SlotWords IndexEvaluation::possible_within(const FilterNode& node, const std::vector<PathStep>& prefix) const {
  const auto all_of = [&](const AllOf& all) {
    SlotWords words = filled(true);
    for (const FilterNode& inner : all.nodes) and_into(words, possible_within(inner, prefix));
    return words;
  };
  const auto any_of = [&](const FilterNodes& nodes) {
    SlotWords words = filled(false);
    for (const FilterNode& inner : nodes) or_into(words, possible_within(inner, prefix));
    return words;
  };
  return std::visit(Overloaded{
                        all_of,
                        [&](const AnyOf& any) { return any_of(any.nodes); },
                        [&](const Not&) { return filled(true); },
                        [&](const AtLeast& some) { return some.minimum == 0 ? filled(true) : any_of(some.nodes); },
                        [&](const Everything&) { return filled(true); },
                        [&](const AtPath& leaf) { return possible_at_path(leaf, prefix); },
                        [&](const HasId&) { return filled(false); },
                        [&](const Nested& inner) { return possible_within(*inner.node, joined(prefix, inner.path).steps()); },
                        [&](const HasVector&) { return filled(false); },
                    },
                    node.value);
}

SlotWords IndexEvaluation::possible_at_path(const AtPath& leaf, const std::vector<PathStep>& prefix) const {
  // An element without a value says nothing of a slot whose other elements have one.
  if (std::holds_alternative<IsEmpty>(leaf.condition)) return filled(true);
  const FieldIndex* index = context_.fields().find(joined(prefix, leaf.path).to_string());
  if (index == nullptr || !index->answers(leaf.condition)) return filled(true);
  SlotWords words = filled(false);
  index->matches(leaf.condition, words);
  return words;
}

}  // namespace vdb
