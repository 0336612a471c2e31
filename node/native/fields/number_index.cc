#include "fields/number_index.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace vdb {

namespace {

void set_bit(std::span<std::uint64_t> words, std::uint32_t slot) {
  if (slot / 64 < words.size()) words[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

template <class Key>
std::optional<Key> exactly(const Number& number);

template <>
std::optional<std::int64_t> exactly(const Number& number) {
  const auto* integer = std::get_if<std::int64_t>(&number);
  return integer == nullptr ? std::nullopt : std::optional(*integer);
}

template <>
std::optional<double> exactly(const Number& number) {
  const double rounded = std::visit([](auto value) { return static_cast<double>(value); }, number);
  return compare_numbers(Number(rounded), number) == 0 ? std::optional(rounded) : std::nullopt;
}

bool is_gone(std::span<const std::uint64_t> words, std::uint32_t slot) {
  return slot / 64 < words.size() && (words[slot / 64] >> (slot % 64) & 1) != 0;
}

std::uint32_t checked_slot(std::uint32_t slot, std::uint32_t slot_count) {
  if (slot >= slot_count) throw FormatError("a number index names a slot past the end");
  return slot;
}

void write_key(ByteWriter& out, std::int64_t key) { out.i64(key); }
void write_key(ByteWriter& out, double key) { out.f64(key); }
void read_key(ByteReader& in, std::int64_t& key) { key = in.i64(); }
void read_key(ByteReader& in, double& key) {
  key = in.f64();
  if (std::isnan(key)) throw FormatError("a number index holds a value that is no number");
}

/** The pairs whose key is in the range, as [first, last). */
template <class Pairs, class ToNumber>
auto within(const Pairs& pairs, const NumberRange& range, ToNumber&& to_number) {
  const auto first = pairs.partition_point([&](const auto& key) { return range.below(to_number(key)); });
  // A range whose bounds cross holds nothing: the end found for it may lie before its start.
  const auto last = pairs.partition_point([&](const auto& key) { return !range.above(to_number(key)); });
  return std::pair(first, last);
}

template <class Key>
Number number_of(const Key& key) {
  return Number(key);
}
template <>
Number number_of(const ExactNumber& key) {
  return key.value;
}

}  // namespace

template <class Key>
void NumberIndex<Key>::put(std::uint32_t slot, const Number& number) {
  if (const auto key = exactly<Key>(number)) {
    main_.insert(*key, slot);
  } else {
    aside_.insert({number}, slot);
  }
}

template <class Key>
void NumberIndex<Key>::remove_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() != JsonKind::kNumber) return;
  const Number number = value.number();
  if (const auto key = exactly<Key>(number)) {
    main_.erase(*key, slot);
  } else {
    aside_.erase({number}, slot);
  }
}

template <class Key>
void NumberIndex<Key>::remove_values(std::span<const std::uint64_t> slot_words) {
  const auto gone = [&](std::uint32_t slot) { return is_gone(slot_words, slot); };
  main_.erase_slots(gone);
  aside_.erase_slots(gone);
}

template <class Key>
void NumberIndex<Key>::match_range(const NumberRange& range, std::span<std::uint64_t> words) const {
  const auto set = [&](std::uint32_t slot) { set_bit(words, slot); };
  const auto [first, last] = within(main_, range, number_of<Key>);
  main_.visit_slots(first, last, set);
  const auto [aside_first, aside_last] = within(aside_, range, number_of<ExactNumber>);
  aside_.visit_slots(aside_first, aside_last, set);
}

template <class Key>
Cardinality NumberIndex<Key>::range_cardinality(const NumberRange& range) const {
  const auto [first, last] = within(main_, range, number_of<Key>);
  const auto [aside_first, aside_last] = within(aside_, range, number_of<ExactNumber>);
  const std::uint64_t pairs = main_.distance(first, last) + aside_.distance(aside_first, aside_last);
  if (several().empty() && aside_.empty()) return {pairs, pairs, pairs};
  // Arrays put one slot into the range several times.
  const std::uint64_t all = main_.size() + aside_.size();
  const std::uint64_t slots = std::min<std::uint64_t>(all, indexed().size() + aside_.size());
  const auto share = static_cast<double>(pairs) / static_cast<double>(std::max<std::uint64_t>(all, 1));
  return {std::min<std::uint64_t>(pairs, 1), static_cast<std::uint64_t>(share * static_cast<double>(slots)), std::min(pairs, slots)};
}

template <class Key>
void NumberIndex<Key>::save_values(ByteWriter& out) const {
  out.reserve(out.size() + main_.size() * 12 + aside_.size() * 13 + 8);
  out.count(main_.size());
  main_.visit_from(main_.begin(), [&](const Key& key, std::uint32_t slot) {
    write_key(out, key);
    out.u32(slot);
    return true;
  });
  out.count(aside_.size());
  aside_.visit_from(aside_.begin(), [&](const ExactNumber& key, std::uint32_t slot) {
    out.number(key.value);
    out.u32(slot);
    return true;
  });
}

template <class Key>
void NumberIndex<Key>::load_values(ByteReader& in, std::uint32_t slot_count) {
  const char* const unordered = "a number index is not in order";
  for (std::uint32_t left = in.count(12); left > 0; left--) {
    Key key;
    read_key(in, key);
    if (!main_.append(key, checked_slot(in.u32(), slot_count))) throw FormatError(unordered);
  }
  for (std::uint32_t left = in.count(13); left > 0; left--) {
    const Number number = in.number();
    const auto* real = std::get_if<double>(&number);
    if (real != nullptr && std::isnan(*real)) throw FormatError("a number index holds a value that is no number");
    if (!aside_.append({number}, checked_slot(in.u32(), slot_count))) throw FormatError(unordered);
  }
}

template class NumberIndex<std::int64_t>;
template class NumberIndex<double>;

FieldIndex::Kept IntegerIndex::add_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() != JsonKind::kNumber) return Kept::kNo;
  const Number number = value.number();
  put(slot, number);
  return std::holds_alternative<std::int64_t>(number) ? Kept::kIndexed : Kept::kAside;
}

bool IntegerIndex::answers_values(const FieldCondition& condition) const {
  return std::holds_alternative<IntegerMatch>(condition) || std::holds_alternative<NumberRange>(condition);
}

void IntegerIndex::match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const {
  if (const auto* range = std::get_if<NumberRange>(&condition)) {
    match_range(*range, words);
    return;
  }
  const auto& match = std::get<IntegerMatch>(condition);
  if (match.except) {
    match_except(match, words);
  } else {
    match_any(match, words);
  }
}

void IntegerIndex::match_any(const IntegerMatch& match, std::span<std::uint64_t> words) const {
  const auto match_in = [&](const auto& pairs, const auto& key) {
    const auto last = pairs.partition_point([&](const auto& other) { return !(key < other); });
    pairs.visit_slots(pairs.lower_bound(key), last, [&](std::uint32_t slot) { set_bit(words, slot); });
  };
  for (const ExactNumber& value : match.values) {
    if (const auto* integer = std::get_if<std::int64_t>(&value.value)) {
      match_in(main_, *integer);
    } else {
      match_in(aside_, value);
    }
  }
}

void IntegerIndex::match_except(const IntegerMatch& match, std::span<std::uint64_t> words) const {
  const auto set = [&](std::uint32_t slot) { set_bit(words, slot); };
  // The runs between the listed integers, which are ascending, those of an i64 first.
  auto from = main_.begin();
  for (const ExactNumber& value : match.values) {
    const auto* integer = std::get_if<std::int64_t>(&value.value);
    if (integer == nullptr) break;
    main_.visit_slots(from, main_.lower_bound(*integer), set);
    from = main_.partition_point([&](std::int64_t other) { return other <= *integer; });
  }
  main_.visit_slots(from, main_.end(), set);
  aside_.visit_from(aside_.begin(), [&](const ExactNumber& key, std::uint32_t slot) {
    if (!std::ranges::binary_search(match.values, key)) set(slot);
    return true;
  });
  others().or_into(words);
}

Cardinality IntegerIndex::values_cardinality(const FieldCondition& condition) const {
  if (const auto* range = std::get_if<NumberRange>(&condition)) return range_cardinality(*range);
  const auto& match = std::get<IntegerMatch>(condition);
  std::uint64_t largest = 0;
  std::uint64_t sum = 0;
  for (const ExactNumber& value : match.values) {
    std::uint64_t count = 0;
    if (const auto* integer = std::get_if<std::int64_t>(&value.value)) {
      count = main_.distance(main_.lower_bound(*integer), main_.partition_point([&](std::int64_t other) { return other <= *integer; }));
    } else {
      count = aside_.distance(aside_.lower_bound(value), aside_.partition_point([&](const ExactNumber& other) { return !(value < other); }));
    }
    largest = std::max(largest, count);
    sum += count;
  }
  const std::uint64_t slots = indexed().size() + aside_.size();
  if (!match.except) return {largest, std::min(sum, slots), std::min(sum, slots)};
  const std::uint64_t least = indexed().size() - std::min<std::uint64_t>(indexed().size(), sum);
  return {std::max<std::uint64_t>(least, others().size()), least + aside_.size() + others().size(), slots + others().size()};
}

FieldIndex::Kept FloatIndex::add_value(std::uint32_t slot, const JsonValue& value) {
  if (value.kind() != JsonKind::kNumber) return Kept::kNo;
  put(slot, value.number());
  return Kept::kIndexed;
}

void FloatIndex::match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const {
  match_range(std::get<NumberRange>(condition), words);
}

Cardinality FloatIndex::values_cardinality(const FieldCondition& condition) const {
  return range_cardinality(std::get<NumberRange>(condition));
}

}  // namespace vdb
