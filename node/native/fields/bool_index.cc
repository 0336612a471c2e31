#include "fields/bool_index.h"

namespace vdb {

FieldIndex::Kept BoolIndex::add_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() != JsonKind::kBool) return Kept::kNo;
  (value.boolean() ? true_ : false_).add(slot);
  return Kept::kIndexed;
}

void BoolIndex::remove_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() == JsonKind::kBool) (value.boolean() ? true_ : false_).remove(slot);
}

void BoolIndex::remove_values(std::span<const std::uint64_t> slot_words) {
  true_.remove_all(slot_words);
  false_.remove_all(slot_words);
}

void BoolIndex::match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const {
  (std::get<BoolMatch>(condition).value ? true_ : false_).or_into(words);
}

Cardinality BoolIndex::values_cardinality(const FieldCondition& condition) const {
  const std::uint64_t count = (std::get<BoolMatch>(condition).value ? true_ : false_).size();
  return {count, count, count};
}

void BoolIndex::save_values(ByteWriter& out) const {
  true_.save(out);
  false_.save(out);
}

void BoolIndex::load_values(ByteReader& in, std::uint32_t slot_count) {
  true_ = SlotSet::load(in, slot_count);
  false_ = SlotSet::load(in, slot_count);
}

}  // namespace vdb
