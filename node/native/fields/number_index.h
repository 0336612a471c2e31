#pragma once

#include "fields/field_index.h"
#include "ids/sorted_pairs.h"

namespace vdb {

/**
 * Numbers in order. Those that `Key` holds exactly lie in `main_`, 12 bytes each; integers beyond
 * it, and in an integer index the numbers with a fraction, lie beside it as they were written, so
 * that ranges and matches are exact for all of them.
 */
template <class Key>
class NumberIndex : public FieldIndex {
 protected:
  using FieldIndex::FieldIndex;

  void remove_value(std::uint32_t slot, const JsonValue& value) override;
  void remove_values(std::span<const std::uint64_t> slot_words) override;
  std::uint64_t values_memory_bytes() const override { return main_.memory_bytes() + aside_.memory_bytes(); }
  void save_values(ByteWriter& out) const override;
  void load_values(ByteReader& in, std::uint32_t slot_count) override;

  void put(std::uint32_t slot, const Number& number);
  void match_range(const NumberRange& range, std::span<std::uint64_t> words) const;
  Cardinality range_cardinality(const NumberRange& range) const;

  SortedPairs<Key> main_;
  SortedPairs<ExactNumber> aside_;
};

extern template class NumberIndex<std::int64_t>;
extern template class NumberIndex<double>;

/** Integers of an i64; answers matches and ranges. */
class IntegerIndex final : public NumberIndex<std::int64_t> {
 public:
  IntegerIndex(JsonPath path, std::string parameters) : NumberIndex(std::move(path), FieldType::kInteger, std::move(parameters)) {}

 private:
  Kept add_value(std::uint32_t slot, const JsonValue& value) override;
  bool answers_values(const FieldCondition& condition) const override;
  void match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const override;
  Cardinality values_cardinality(const FieldCondition& condition) const override;

  void match_any(const IntegerMatch& match, std::span<std::uint64_t> words) const;
  void match_except(const IntegerMatch& match, std::span<std::uint64_t> words) const;
};

/** All numbers; answers ranges. */
class FloatIndex final : public NumberIndex<double> {
 public:
  FloatIndex(JsonPath path, std::string parameters) : NumberIndex(std::move(path), FieldType::kFloat, std::move(parameters)) {}

 private:
  Kept add_value(std::uint32_t slot, const JsonValue& value) override;
  bool answers_values(const FieldCondition& condition) const override { return std::holds_alternative<NumberRange>(condition); }
  void match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const override;
  Cardinality values_cardinality(const FieldCondition& condition) const override;
};

}  // namespace vdb
