#pragma once

#include <array>

#include "fields/field_index.h"
#include "fields/value_map.h"

namespace vdb {

/** Strings that spell UUIDs, compared as UUIDs: all spellings of one are equal. */
class UuidIndex final : public FieldIndex {
 public:
  UuidIndex(JsonPath path, std::string parameters) : FieldIndex(std::move(path), FieldType::kUuid, std::move(parameters)) {}

 private:
  using Uuid = std::array<std::uint8_t, 16>;

  Kept add_value(std::uint32_t slot, const JsonValue& value) override;
  void remove_value(std::uint32_t slot, const JsonValue& value) override;
  void remove_values(std::span<const std::uint64_t> slot_words) override { values_.remove_all(slot_words); }
  /** Not when one of the texts asked for is no UUID: such texts are not in the index. */
  bool answers_values(const FieldCondition& condition) const override;
  void match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const override;
  Cardinality values_cardinality(const FieldCondition& condition) const override;
  std::uint64_t values_memory_bytes() const override { return values_.memory_bytes(); }
  void save_values(ByteWriter& out) const override;
  void load_values(ByteReader& in, std::uint32_t slot_count) override;

  ValueMap<Uuid> values_;
};

}  // namespace vdb
