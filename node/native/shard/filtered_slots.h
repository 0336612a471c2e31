// The slots that a filter accepts, as far as the field indexes know and the rest by payload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "filter/filter_evaluation.h"
#include "filter/filter_program.h"
#include "shard/filter_view.h"

namespace vdb {

using SlotWords = std::vector<uint64_t>;

class FilteredSlots {
 public:
  /** Evaluates what the indexes answer, under the generation's locks, which it takes itself. */
  FilteredSlots(Generation& generation, const FilterProgram& program);

  /** No payload has to be read any more: `words` is the answer. */
  bool settled() const noexcept { return settled_; }
  /** The matches when settled, else every slot that may match. */
  const SlotWords& words() const noexcept { return settled_ ? bounds_.certain : bounds_.possible; }
  uint64_t count() const { return count_bits(words()); }

  /** Matches, estimated from a few hundred payloads while there are open slots. */
  uint64_t estimate();
  /** Slots whose payload would have to be read. */
  uint64_t open() const noexcept { return open_; }
  /** Reads the payloads of all open slots. */
  void settle_all();
  /** Those of `slots` that match, in order. */
  std::vector<uint32_t> settle_some(std::span<const uint32_t> slots) const;

 private:
  SlotWords sample() const;

  const FilterProgram& program_;
  std::optional<FilterView> view_;
  FilterBounds bounds_;
  bool settled_ = false;
  uint64_t open_ = 0;
  std::optional<uint64_t> estimate_;
};

/** Visits the set bits in order until `visit(slot)` returns false. */
template <class Visit>
void visit_slots(std::span<const uint64_t> words, Visit&& visit) {
  for (size_t w = 0; w < words.size(); w++) {
    for (uint64_t word = words[w]; word != 0; word &= word - 1) {
      if (!visit(static_cast<uint32_t>(w * 64 + static_cast<unsigned>(std::countr_zero(word))))) return;
    }
  }
}

}  // namespace vdb
