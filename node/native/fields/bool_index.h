#pragma once

#include "fields/field_index.h"

namespace vdb {

class BoolIndex final : public FieldIndex {
 public:
  BoolIndex(JsonPath path, std::string parameters) : FieldIndex(std::move(path), FieldType::kBool, std::move(parameters)) {}

 private:
  Kept add_value(std::uint32_t slot, const JsonValue& value) override;
  void remove_value(std::uint32_t slot, const JsonValue& value) override;
  void remove_values(std::span<const std::uint64_t> slot_words) override;
  bool answers_values(const FieldCondition& condition) const override { return std::holds_alternative<BoolMatch>(condition); }
  void match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const override;
  Cardinality values_cardinality(const FieldCondition& condition) const override;
  std::uint64_t values_memory_bytes() const override { return true_.heap_bytes() + false_.heap_bytes(); }
  void save_values(ByteWriter& out) const override;
  void load_values(ByteReader& in, std::uint32_t slot_count) override;

  SlotSet true_;
  SlotSet false_;
};

}  // namespace vdb
