#include "ids/id_index.h"

namespace vdb {

namespace {

constexpr std::uint16_t kFormatVersion = 1;

std::uint32_t checked_slot(std::uint32_t slot, std::uint32_t slot_count) {
  if (slot >= slot_count) throw FormatError("the id index names a slot past the end");
  return slot;
}

}  // namespace

bool IdIndex::insert(const PointId& id, std::uint32_t slot) {
  if (find(id)) return false;
  return id.uuid ? uuids_.insert(id.bytes, slot) : numbers_.insert(id.number, slot);
}

std::optional<std::uint32_t> IdIndex::erase(const PointId& id) {
  const std::optional<std::uint32_t> slot = find(id);
  if (!slot) return std::nullopt;
  if (id.uuid) {
    uuids_.erase(id.bytes, *slot);
  } else {
    numbers_.erase(id.number, *slot);
  }
  return slot;
}

std::optional<std::uint32_t> IdIndex::find(const PointId& id) const {
  return id.uuid ? uuids_.find(id.bytes) : numbers_.find(id.number);
}

void IdIndex::save(ByteWriter& out) const {
  out.u16(kFormatVersion);
  out.reserve(out.size() + numbers_.size() * 12 + uuids_.size() * 20 + 8);
  out.count(numbers_.size());
  numbers_.visit_from(numbers_.begin(), [&](std::uint64_t number, std::uint32_t slot) {
    out.u64(number);
    out.u32(slot);
    return true;
  });
  out.count(uuids_.size());
  uuids_.visit_from(uuids_.begin(), [&](const Uuid& bytes, std::uint32_t slot) {
    out.raw(bytes);
    out.u32(slot);
    return true;
  });
}

void IdIndex::load(ByteReader& in, std::uint32_t slot_count) {
  const std::uint16_t version = in.u16();
  if (version != kFormatVersion) {
    throw FormatError("the id index has format version " + std::to_string(version) + ", this build knows " +
                      std::to_string(kFormatVersion));
  }
  IdIndex loaded;
  bool first = true;
  std::uint64_t last_number = 0;
  for (std::uint32_t left = in.count(12); left > 0; left--) {
    const std::uint64_t number = in.u64();
    if (!first && number <= last_number) throw FormatError("the id index is not in order");
    loaded.numbers_.append(number, checked_slot(in.u32(), slot_count));
    last_number = number;
    first = false;
  }
  first = true;
  Uuid last_uuid{};
  for (std::uint32_t left = in.count(20); left > 0; left--) {
    Uuid bytes;
    std::ranges::copy(in.raw(bytes.size()), bytes.begin());
    if (!first && bytes <= last_uuid) throw FormatError("the id index is not in order");
    loaded.uuids_.append(bytes, checked_slot(in.u32(), slot_count));
    last_uuid = bytes;
    first = false;
  }
  *this = std::move(loaded);
}

}  // namespace vdb
