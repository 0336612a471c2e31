#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "filter/filter_context.h"
#include "filter/filter_program.h"

namespace vdb {

struct SlotFacts;

/** How many live slots a filter matches: never fewer than `min`, never more than `max`. */
struct Estimate {
  std::uint64_t min = 0;
  std::uint64_t expected = 0;
  std::uint64_t max = 0;
  /** Every leaf is answered by an index, so `bitmap` reads no payload. */
  bool indexed = true;
};

/** Costs a few index look-ups per leaf, no walk over slots. Needs the shared lock. */
Estimate estimate(const FilterProgram& program, const FilterContext& context);

/**
 * What the indexes alone know, as words of bits over live slots: `certain` match, slots outside
 * `possible` do not, and those between need their payload. `exact` when there are none between;
 * then `possible` is empty and `certain` is the answer.
 */
struct FilterBounds {
  std::vector<std::uint64_t> certain;
  std::vector<std::uint64_t> possible;
  bool exact = true;
  /** For `settle`, when not exact. Bounds that a caller makes of a part of these share them. */
  std::shared_ptr<const SlotFacts> facts;
};

/** Needs the shared lock; reads no payload. */
FilterBounds bounds(const FilterProgram& program, const FilterContext& context);

/**
 * Settles what `bounds` left open by reading payloads in batches. Calls nothing but `payloads` of the
 * context, so it needs no lock. Returns the words of the slots that match.
 */
std::vector<std::uint64_t> settle(const FilterProgram& program, FilterBounds bounds, const FilterContext& context);

/** `bounds` and `settle` in one, under the caller's shared lock. */
std::vector<std::uint64_t> bitmap(const FilterProgram& program, const FilterContext& context);

/** Bits set. */
std::uint64_t count_bits(const std::vector<std::uint64_t>& words);

}  // namespace vdb
