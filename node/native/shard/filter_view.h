// What a filter is evaluated against: one generation at one moment.
#pragma once

#include <optional>
#include <vector>

#include "filter/filter_context.h"
#include "shard/generation.h"

namespace vdb {

/**
 * Made while the generation's lock is held shared (or by the writer). Payloads come from a snapshot
 * of RocksDB, taken at the first use of `pin_payloads`, so they are of the same moment as the slots.
 */
class FilterView final : public FilterContext {
 public:
  explicit FilterView(const Generation& generation)
      : generation_(generation), live_(generation.slots.live_words()) {}

  /** Fixes the payloads; needs store_lock shared, too. Without it they are those of the time of reading. */
  void pin_payloads() { snapshot_.emplace(generation_.store().snapshot()); }

  std::span<const uint64_t> live() const override { return live_; }
  const IdIndex& ids() const override { return generation_.ids; }
  const FieldIndexes& fields() const override { return generation_.fields; }
  void slots_with_vector(std::string_view name, std::span<uint64_t> words) const override;
  void payloads(std::span<const uint32_t> slots,
                const std::function<void(size_t, std::string_view)>& visit) const override;

 private:
  const Generation& generation_;
  const std::vector<uint64_t> live_;
  std::optional<StoreSnapshot> snapshot_;
};

}  // namespace vdb
