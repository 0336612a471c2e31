#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter_context.h"
#include "filter/filter_program.h"

namespace vdb {

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
  /** Paths at which texts are compared as UUIDs, for the payloads still to be read. */
  std::vector<std::string> uuid_paths;
};

/** Needs the shared lock; reads no payload. */
FilterBounds bounds(const FilterProgram& program, const FilterContext& context);

/**
 * Settles what `bounds` left open by reading payloads in batches; needs no lock. Returns the
 * words of the slots that match, all of them live when `bounds` was taken.
 */
std::vector<std::uint64_t> settle(const FilterProgram& program, FilterBounds bounds, const FilterContext& context);

/** `bounds` and `settle` in one, under the caller's shared lock. */
std::vector<std::uint64_t> bitmap(const FilterProgram& program, const FilterContext& context);

/**
 * Whether one slot matches, from its payload alone; liveness is not looked at. Reads `fields` only
 * for the types of the indexes (a UUID index makes spellings of one UUID equal), so it needs the
 * shared lock unless no index can be created or dropped meanwhile.
 */
bool matches(const FilterProgram& program, std::uint32_t slot, std::string_view payload, const FilterContext& context);

/** As above; the payload is read when the first condition needs it, and once. */
bool matches(const FilterProgram& program, std::uint32_t slot, const FilterContext& context);

/** Bits set. */
std::uint64_t count_bits(const std::vector<std::uint64_t>& words);

}  // namespace vdb
