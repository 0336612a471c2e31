#include "fields/field_index.h"

#include <algorithm>
#include <utility>

#include "fields/bool_index.h"
#include "fields/keyword_index.h"
#include "fields/number_index.h"
#include "fields/uuid_index.h"

namespace vdb {

namespace {

bool is_filled(const JsonValue& value) {
  return !value.is_null() && !(value.kind() == JsonKind::kArray && value.size() == 0);
}

void set_complement(std::span<std::uint64_t> words) {
  for (std::uint64_t& word : words) word = ~word;
}

}  // namespace

FieldIndex::FieldIndex(JsonPath path, FieldType type, std::string parameters)
    : path_(std::move(path)), type_(type), parameters_(std::move(parameters)) {}

std::unique_ptr<FieldIndex> FieldIndex::make(JsonPath path, FieldType type, std::string parameters) {
  switch (type) {
    case FieldType::kKeyword:
      return std::make_unique<KeywordIndex>(std::move(path), std::move(parameters));
    case FieldType::kInteger:
      return std::make_unique<IntegerIndex>(std::move(path), std::move(parameters));
    case FieldType::kFloat:
      return std::make_unique<FloatIndex>(std::move(path), std::move(parameters));
    case FieldType::kBool:
      return std::make_unique<BoolIndex>(std::move(path), std::move(parameters));
    case FieldType::kUuid:
      return std::make_unique<UuidIndex>(std::move(path), std::move(parameters));
  }
  throw FormatError("unknown type of field index");
}

void FieldIndex::add(std::uint32_t slot, std::string_view payload) {
  visit_path(payload, path_, [&](const JsonValue& value) {
    if (value.is_null()) nulls_.add(slot);
    if (is_filled(value)) filled_.add(slot);
    return true;
  });
  std::size_t values = 0;
  visit_indexable(payload, path_, [&](const JsonValue& value) {
    switch (add_value(slot, value)) {
      case Kept::kIndexed:
        indexed_.add(slot);
        if (++values == 2) several_.add(slot);
        break;
      case Kept::kAside:
        break;
      case Kept::kNo:
        others_.add(slot);
        break;
    }
  });
}

void FieldIndex::remove(std::uint32_t slot, std::string_view payload) {
  visit_indexable(payload, path_, [&](const JsonValue& value) { remove_value(slot, value); });
  for (SlotSet* set : {&indexed_, &others_, &several_, &filled_, &nulls_}) set->remove(slot);
}

void FieldIndex::remove_all(std::span<const std::uint64_t> slot_words) {
  remove_values(slot_words);
  for (SlotSet* set : {&indexed_, &others_, &several_, &filled_, &nulls_}) set->remove_all(slot_words);
}

bool FieldIndex::answers(const FieldCondition& condition) const {
  if (std::holds_alternative<IsEmpty>(condition) || std::holds_alternative<IsNull>(condition)) return true;
  return !std::holds_alternative<ValuesCount>(condition) && answers_values(condition);
}

void FieldIndex::matches(const FieldCondition& condition, std::span<std::uint64_t> words) const {
  if (std::holds_alternative<IsEmpty>(condition)) {
    filled_.or_into(words);
    set_complement(words);
  } else if (std::holds_alternative<IsNull>(condition)) {
    nulls_.or_into(words);
  } else {
    match_values(condition, words);
  }
}

Cardinality FieldIndex::cardinality(const FieldCondition& condition, std::uint64_t slots) const {
  if (std::holds_alternative<IsEmpty>(condition)) {
    const std::uint64_t count = slots - std::min<std::uint64_t>(slots, filled_.size());
    return {count, count, count};
  }
  if (std::holds_alternative<IsNull>(condition)) return {nulls_.size(), nulls_.size(), nulls_.size()};
  return values_cardinality(condition);
}

std::uint64_t FieldIndex::memory_bytes() const {
  std::uint64_t bytes = sizeof(*this) + parameters_.capacity() + values_memory_bytes();
  for (const SlotSet* set : {&indexed_, &others_, &several_, &filled_, &nulls_}) bytes += set->heap_bytes();
  return bytes;
}

void FieldIndex::save(ByteWriter& out) const {
  for (const SlotSet* set : {&indexed_, &others_, &several_, &filled_, &nulls_}) set->save(out);
  save_values(out);
}

void FieldIndex::load(ByteReader& in, std::uint32_t slot_count) {
  for (SlotSet* set : {&indexed_, &others_, &several_, &filled_, &nulls_}) *set = SlotSet::load(in, slot_count);
  load_values(in, slot_count);
}

}  // namespace vdb
