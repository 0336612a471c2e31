#include "shard/filtered_slots.h"

#include <algorithm>

namespace vdb {

namespace {

constexpr uint64_t kSampleSlots = 256;

uint64_t open_bits(const FilterBounds& bounds) {
  uint64_t open = 0;
  for (size_t w = 0; w < bounds.possible.size(); w++) {
    open += static_cast<uint64_t>(std::popcount(bounds.possible[w] & ~bounds.certain[w]));
  }
  return open;
}

}  // namespace

FilteredSlots::FilteredSlots(Generation& generation, const FilterProgram& program) : program_(program) {
  {
    // What indexes answer wants nothing of RocksDB, and does not wait for writes to it.
    const SharedGuard guard(generation.lock);
    view_.emplace(generation);
    bounds_ = bounds(program_, *view_);
    settled_ = bounds_.exact;
    if (settled_) return;
  }
  // Payloads will be read: pinned at the moment of the slots, so both locks, in their order.
  const SharedGuard store_guard(generation.store_lock);
  const SharedGuard guard(generation.lock);
  view_.emplace(generation);
  view_->pin_payloads();
  bounds_ = bounds(program_, *view_);
  settled_ = bounds_.exact;
  if (!settled_) open_ = open_bits(bounds_);
}

SlotWords FilteredSlots::sample() const {
  SlotWords sampled(bounds_.possible.size(), 0);
  const uint64_t step = std::max<uint64_t>(1, open_ / kSampleSlots);
  uint64_t position = 0;
  for (size_t w = 0; w < sampled.size(); w++) {
    for (uint64_t word = bounds_.possible[w] & ~bounds_.certain[w]; word != 0; word &= word - 1) {
      // The middle of each stretch: steps from the first slot would prefer what was loaded first.
      if (position++ % step == step / 2) sampled[w] |= word & (~word + 1);
    }
  }
  return sampled;
}

uint64_t FilteredSlots::estimate() {
  if (settled_) return count();
  if (estimate_.has_value()) return *estimate_;
  FilterBounds part = bounds_;
  part.certain.assign(bounds_.possible.size(), 0);
  part.possible = sample();
  part.facts = bounds_.facts;
  const uint64_t tried = count_bits(part.possible);
  const uint64_t matched = count_bits(settle(program_, std::move(part), *view_));
  const uint64_t certain = count_bits(bounds_.certain);
  // One more than was seen: a filter that no sample passed may still have matches.
  estimate_ = certain + std::min(open_, open_ * (matched + 1) / (tried + 1));
  return *estimate_;
}

void FilteredSlots::settle_all() {
  if (settled_) return;
  bounds_.certain = settle(program_, std::move(bounds_), *view_);
  bounds_.possible.clear();
  bounds_.exact = true;
  settled_ = true;
  open_ = 0;
}

std::vector<uint32_t> FilteredSlots::settle_some(std::span<const uint32_t> slots) const {
  const auto has = [](const SlotWords& words, uint32_t slot) {
    return slot / 64 < words.size() && (words[slot / 64] >> (slot % 64) & 1) != 0;
  };
  std::vector<uint32_t> matching;
  if (settled_) {
    std::copy_if(slots.begin(), slots.end(), std::back_inserter(matching),
                 [&](uint32_t slot) { return has(bounds_.certain, slot); });
    return matching;
  }
  FilterBounds part = bounds_;
  part.certain.assign(bounds_.possible.size(), 0);
  part.possible.assign(bounds_.possible.size(), 0);
  part.facts = bounds_.facts;
  for (const uint32_t slot : slots) {
    if (has(bounds_.possible, slot)) part.possible[slot / 64] |= uint64_t{1} << (slot % 64);
    if (has(bounds_.certain, slot)) part.certain[slot / 64] |= uint64_t{1} << (slot % 64);
  }
  const SlotWords found = settle(program_, std::move(part), *view_);
  std::copy_if(slots.begin(), slots.end(), std::back_inserter(matching), [&](uint32_t slot) { return has(found, slot); });
  return matching;
}

}  // namespace vdb
