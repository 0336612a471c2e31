#pragma once

#include "filter/filter_evaluation.h"
#include "filter/filter_node.h"
#include "filter/slot_words.h"

namespace vdb {

/**
 * What the indexes know of a filter's matches, for every slot at once. A part that no index answers
 * is a pair of sets, the slots that match in any case and those that may; both go through and, or
 * and not, so that one indexed condition beside it already narrows the payloads to be read.
 */
class IndexEvaluation {
 public:
  explicit IndexEvaluation(const FilterContext& context);

  struct Known {
    SlotWords certain;
    /** Empty when `exact`: then it is the same as `certain`. */
    SlotWords possible;
    bool exact = true;

    const SlotWords& upper() const { return exact ? certain : possible; }
  };

  Known evaluate(const FilterNode& node) const;

 private:
  Known all_of(const FilterNodes& nodes) const;
  Known any_of(const FilterNodes& nodes) const;
  Known at_least(std::uint32_t minimum, const FilterNodes& nodes) const;
  Known negated(Known known) const;
  Known at_path(const AtPath& leaf) const;
  Known has_id(const HasId& leaf) const;
  Known has_vector(const HasVector& leaf) const;
  Known nested(const Nested& nested) const;
  Known constant(bool value) const { return {SlotWords(words_, value ? kAllSlots : 0), {}, true}; }

  /**
   * Slots where some element below `prefix` may match. That an element matches says nothing of the
   * others, so there is never anything certain here, and nothing can be taken from a negation.
   */
  SlotWords possible_within(const FilterNode& node, const std::vector<PathStep>& prefix) const;
  SlotWords possible_at_path(const AtPath& leaf, const std::vector<PathStep>& prefix) const;
  SlotWords filled(bool value) const { return SlotWords(words_, value ? kAllSlots : 0); }

  const FilterContext& context_;
  std::size_t words_;
};

/** The path of `inner` below the elements that `prefix` leads to. */
JsonPath joined(const std::vector<PathStep>& prefix, const JsonPath& inner);

}  // namespace vdb
