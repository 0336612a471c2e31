#include "fields/keyword_index.h"

namespace vdb {

FieldIndex::Kept KeywordIndex::add_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() != JsonKind::kString) return Kept::kNo;
  std::string buffer;
  values_.add(value.string(buffer), slot);
  return Kept::kIndexed;
}

void KeywordIndex::remove_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() != JsonKind::kString) return;
  std::string buffer;
  values_.remove(value.string(buffer), slot);
}

bool KeywordIndex::answers_values(const FieldCondition& condition) const {
  return std::holds_alternative<KeywordMatch>(condition);
}

void KeywordIndex::match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const {
  const auto& match = std::get<KeywordMatch>(condition);
  if (!match.except) {
    values_.match_any(match.values, words);
    return;
  }
  values_.match_except(match.values, indexed(), several(), words);
  others().or_into(words);
}

Cardinality KeywordIndex::values_cardinality(const FieldCondition& condition) const {
  const auto& match = std::get<KeywordMatch>(condition);
  return values_.cardinality(match.values, match.except, indexed().size(), others().size());
}

void KeywordIndex::save_values(ByteWriter& out) const {
  out.count(values_.entries().size());
  for (const auto& [value, slots] : values_.entries()) {
    out.blob(value);
    slots.save(out);
  }
}

void KeywordIndex::load_values(ByteReader& in, std::uint32_t slot_count) {
  for (std::uint32_t left = in.count(9); left > 0; left--) {
    std::string value(in.text());
    if (!values_.put(std::move(value), SlotSet::load(in, slot_count))) throw FormatError("a keyword index names a value twice");
  }
}

}  // namespace vdb
