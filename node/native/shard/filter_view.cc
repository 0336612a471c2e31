#include "shard/filter_view.h"

#include <algorithm>

namespace vdb {

void FilterView::slots_with_vector(std::string_view name, std::span<uint64_t> words) const {
  const VectorSpace* space = generation_.find(name);
  if (space == nullptr) return;
  const RowTable& table = space->table();
  const uint32_t slots = static_cast<uint32_t>(std::min<uint64_t>(table.slots(), uint64_t{words.size()} * 64));
  for (uint32_t slot = 0; slot < slots; slot++) {
    if (!table.get(slot).empty()) words[slot / 64] |= uint64_t{1} << (slot % 64);
  }
}

void FilterView::payloads(std::span<const uint32_t> slots,
                          const std::function<void(size_t, std::string_view)>& visit) const {
  std::vector<Key> keys;
  keys.reserve(slots.size());
  for (const uint32_t slot : slots) keys.push_back(generation_.keys().payload(slot));
  generation_.store().multi_get(
      keys,
      [&](size_t index, std::optional<std::span<const uint8_t>> value) {
        if (!value.has_value()) return visit(index, {});
        visit(index, {reinterpret_cast<const char*>(value->data()), value->size()});
      },
      snapshot_.has_value() ? &*snapshot_ : nullptr);
}

}  // namespace vdb
