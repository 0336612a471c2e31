#include "fields/field_indexes.h"

#include <utility>

#include "fields/field_index.h"
#include "json/path.h"

namespace vdb {

namespace {

constexpr std::uint16_t kFormatVersion = 1;

}  // namespace

FieldIndexes::FieldIndexes() = default;
FieldIndexes::~FieldIndexes() = default;
FieldIndexes::FieldIndexes(FieldIndexes&&) noexcept = default;
FieldIndexes& FieldIndexes::operator=(FieldIndexes&&) noexcept = default;

bool FieldIndexes::create(std::string_view path, FieldType type, std::string_view parameters) {
  JsonPath parsed = JsonPath::require(path);
  std::string canonical = parsed.to_string();
  const auto at = indexes_.find(canonical);
  if (at != indexes_.end() && at->second->type() == type && at->second->parameters() == parameters) return false;
  indexes_[std::move(canonical)] = FieldIndex::make(std::move(parsed), type, std::string(parameters));
  return true;
}

void FieldIndexes::adopt(FieldIndexes&& other) {
  for (auto& [path, index] : other.indexes_) indexes_[path] = std::move(index);
  other.indexes_.clear();
}

bool FieldIndexes::drop(std::string_view path) {
  const auto parsed = JsonPath::parse(path);
  return parsed && indexes_.erase(parsed->to_string()) > 0;
}

std::vector<FieldIndexInfo> FieldIndexes::list() const {
  std::vector<FieldIndexInfo> infos;
  infos.reserve(indexes_.size());
  for (const auto& [path, index] : indexes_) {
    infos.push_back({path, index->type(), index->parameters(), index->points(), index->memory_bytes()});
  }
  return infos;
}

void FieldIndexes::add(std::uint32_t slot, std::string_view payload) {
  for (const auto& [path, index] : indexes_) index->add(slot, payload);
}

void FieldIndexes::remove(std::uint32_t slot, std::string_view payload) {
  for (const auto& [path, index] : indexes_) index->remove(slot, payload);
}

void FieldIndexes::add_to(std::string_view path, std::uint32_t slot, std::string_view payload) {
  indexes_.at(JsonPath::require(path).to_string())->add(slot, payload);
}

void FieldIndexes::remove_all(std::span<const std::uint64_t> slot_words) {
  for (const auto& [path, index] : indexes_) index->remove_all(slot_words);
}

const FieldIndex* FieldIndexes::find(std::string_view canonical_path) const {
  const auto at = indexes_.find(canonical_path);
  return at == indexes_.end() ? nullptr : at->second.get();
}

std::vector<std::string> FieldIndexes::uuid_paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, index] : indexes_) {
    if (index->type() == FieldType::kUuid) paths.push_back(path);
  }
  return paths;
}

std::uint64_t FieldIndexes::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, index] : indexes_) bytes += index->memory_bytes();
  return bytes;
}

void FieldIndexes::save(ByteWriter& out) const {
  out.u16(kFormatVersion);
  out.count(indexes_.size());
  for (const auto& [path, index] : indexes_) {
    out.blob(path);
    out.u8(static_cast<std::uint8_t>(index->type()));
    out.blob(index->parameters());
    index->save(out);
  }
}

void FieldIndexes::load(ByteReader& in, std::uint32_t slot_count) {
  const std::uint16_t version = in.u16();
  if (version != kFormatVersion) {
    throw FormatError("the field indexes have format version " + std::to_string(version) + ", this build knows " +
                      std::to_string(kFormatVersion));
  }
  FieldIndexes loaded;
  for (std::uint32_t left = in.count(9); left > 0; left--) {
    std::string path(in.text());
    auto parsed = JsonPath::parse(path);
    if (!parsed || parsed->to_string() != path) throw FormatError("a field index has the path " + path + ", which is none");
    const FieldType type = field_type_from(in.u8());
    auto index = FieldIndex::make(std::move(*parsed), type, std::string(in.text()));
    index->load(in, slot_count);
    if (!loaded.indexes_.emplace(std::move(path), std::move(index)).second) throw FormatError("a field has two indexes");
  }
  *this = std::move(loaded);
}

}  // namespace vdb
