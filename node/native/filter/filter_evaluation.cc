#include "filter/filter_evaluation.h"

#include <bit>
#include <utility>

#include "filter/index_evaluation.h"
#include "filter/payload_check.h"
#include "filter/slot_facts.h"

namespace vdb {

namespace {

/** What FilterContext::payloads takes at a time. */
constexpr std::size_t kPayloadsMax = 256;

}  // namespace

FilterBounds bounds(const FilterProgram& program, const FilterContext& context) {
  IndexEvaluation::Known known = IndexEvaluation(context).evaluate(program.root());
  const std::span<const std::uint64_t> live = context.live();
  for (std::size_t w = 0; w < live.size(); w++) known.certain[w] &= live[w];
  FilterBounds bounds{std::move(known.certain), std::move(known.possible), known.exact, nullptr};
  if (bounds.exact) return bounds;
  for (std::size_t w = 0; w < live.size(); w++) bounds.possible[w] &= live[w];
  if (bounds.possible == bounds.certain) {
    bounds.possible.clear();
    bounds.exact = true;
    return bounds;
  }
  bounds.facts = std::make_shared<const SlotFacts>(SlotFacts::gather(program.root(), context));
  return bounds;
}

std::vector<std::uint64_t> settle(const FilterProgram& program, FilterBounds bounds, const FilterContext& context) {
  if (bounds.exact) return std::move(bounds.certain);
  std::vector<std::uint32_t> slots;
  slots.reserve(kPayloadsMax);
  const auto decide = [&] {
    context.payloads(slots, [&](std::size_t position, std::string_view payload) {
      const std::uint32_t slot = slots[position];
      PayloadCheck check(*bounds.facts, slot, [&] { return payload; });
      if (check.matches(program.root())) bounds.certain[slot / 64] |= std::uint64_t{1} << (slot % 64);
    });
    slots.clear();
  };
  for (std::size_t w = 0; w < bounds.certain.size(); w++) {
    for (std::uint64_t open = bounds.possible[w] & ~bounds.certain[w]; open != 0; open &= open - 1) {
      slots.push_back(static_cast<std::uint32_t>(w * 64 + static_cast<unsigned>(std::countr_zero(open))));
      if (slots.size() == kPayloadsMax) decide();
    }
  }
  if (!slots.empty()) decide();
  return std::move(bounds.certain);
}

std::vector<std::uint64_t> bitmap(const FilterProgram& program, const FilterContext& context) {
  return settle(program, bounds(program, context), context);
}

std::uint64_t count_bits(const std::vector<std::uint64_t>& words) {
  std::uint64_t count = 0;
  for (const std::uint64_t word : words) count += static_cast<unsigned>(std::popcount(word));
  return count;
}

}  // namespace vdb
