#include "filter/slot_facts.h"

#include <algorithm>

namespace vdb {

namespace {

class Gathering {
 public:
  Gathering(const FilterContext& context, SlotFacts& facts) : context_(context), facts_(facts) {}

  void visit(const FilterNode& node) { std::visit(*this, node.value); }

  void operator()(const AllOf& all) { visit_each(all.nodes); }
  void operator()(const AnyOf& any) { visit_each(any.nodes); }
  void operator()(const Not& inner) { visit(*inner.node); }
  void operator()(const AtLeast& some) { visit_each(some.nodes); }
  void operator()(const Everything&) {}
  void operator()(const AtPath&) {}
  // Elements of an array have neither ids nor vectors.
  void operator()(const Nested&) {}

  void operator()(const HasId& leaf) {
    std::vector<std::uint32_t>& slots = facts_.slots_of_ids[&leaf];
    for (const PointId& id : leaf.ids) {
      if (const auto slot = context_.ids().find(id)) slots.push_back(*slot);
    }
    std::ranges::sort(slots);
  }

  void operator()(const HasVector& leaf) {
    if (facts_.slots_with_vector.contains(leaf.name)) return;
    SlotWords words(context_.live().size(), 0);
    context_.slots_with_vector(leaf.name, words);
    // A filter may ask for very many names that there are not.
    if (std::ranges::any_of(words, [](std::uint64_t word) { return word != 0; })) {
      facts_.slots_with_vector.emplace(leaf.name, std::move(words));
    }
  }

 private:
  void visit_each(const FilterNodes& nodes) {
    for (const FilterNode& node : nodes) visit(node);
  }

  const FilterContext& context_;
  SlotFacts& facts_;
};

}  // namespace

SlotFacts SlotFacts::gather(const FilterNode& root, const FilterContext& context) {
  SlotFacts facts;
  facts.uuid_paths = context.fields().uuid_paths();
  Gathering(context, facts).visit(root);
  return facts;
}

bool SlotFacts::has_id(const HasId& leaf, std::uint32_t slot) const {
  const auto at = slots_of_ids.find(&leaf);
  return at != slots_of_ids.end() && std::ranges::binary_search(at->second, slot);
}

bool SlotFacts::has_vector(const HasVector& leaf, std::uint32_t slot) const {
  const auto at = slots_with_vector.find(leaf.name);
  return at != slots_with_vector.end() && slot / 64 < at->second.size() && (at->second[slot / 64] >> (slot % 64) & 1) != 0;
}

}  // namespace vdb
