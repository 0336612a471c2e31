#include "fields/uuid_index.h"

#include <algorithm>
#include <optional>

namespace vdb {

namespace {

std::optional<PointId> uuid_of(const JsonValue& value) {
  if (value.kind() != JsonKind::kString) return std::nullopt;
  std::string buffer;
  return parse_uuid(value.string(buffer));
}

/** Ascending and unique. */
std::vector<std::array<std::uint8_t, 16>> uuids_of(const KeywordMatch& match) {
  std::vector<std::array<std::uint8_t, 16>> uuids;
  uuids.reserve(match.values.size());
  for (const std::string& value : match.values) {
    if (const auto uuid = parse_uuid(value)) uuids.push_back(uuid->bytes);
  }
  std::ranges::sort(uuids);
  uuids.erase(std::ranges::unique(uuids).begin(), uuids.end());
  return uuids;
}

}  // namespace

FieldIndex::Kept UuidIndex::add_value(std::uint32_t slot, const JsonValue& value) {
  const auto uuid = uuid_of(value);
  if (!uuid) return Kept::kNo;
  values_.add(uuid->bytes, slot);
  return Kept::kIndexed;
}

void UuidIndex::remove_value(std::uint32_t slot, const JsonValue& value) {
  if (const auto uuid = uuid_of(value)) values_.remove(uuid->bytes, slot);
}

bool UuidIndex::answers_values(const FieldCondition& condition) const {
  const auto* match = std::get_if<KeywordMatch>(&condition);
  return match != nullptr && std::ranges::all_of(match->values, [](const std::string& value) { return parse_uuid(value).has_value(); });
}

void UuidIndex::match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const {
  const auto& match = std::get<KeywordMatch>(condition);
  const auto uuids = uuids_of(match);
  if (!match.except) {
    values_.match_any(uuids, words);
    return;
  }
  values_.match_except(uuids, indexed(), several(), words);
  others().or_into(words);
}

Cardinality UuidIndex::values_cardinality(const FieldCondition& condition) const {
  const auto& match = std::get<KeywordMatch>(condition);
  return values_.cardinality(uuids_of(match), match.except, indexed().size(), others().size());
}

void UuidIndex::save_values(ByteWriter& out) const {
  out.count(values_.entries().size());
  for (const auto& [value, slots] : values_.entries()) {
    out.raw(value);
    slots.save(out);
  }
}

void UuidIndex::load_values(ByteReader& in, std::uint32_t slot_count) {
  for (std::uint32_t left = in.count(21); left > 0; left--) {
    Uuid value;
    std::ranges::copy(in.raw(value.size()), value.begin());
    if (!values_.put(value, SlotSet::load(in, slot_count))) throw FormatError("a UUID index names a value twice");
  }
}

}  // namespace vdb
