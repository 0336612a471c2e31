#include "shard/slots.h"

namespace vdb {

PointId Slots::id(uint32_t slot) const {
  if (slot < is_uuid_.size() && is_uuid_[slot]) return PointId::of_uuid(uuids_[numbers_[slot]]);
  return PointId::of_number(numbers_[slot]);
}

void Slots::append_id(const PointId& id) {
  if (!id.uuid) {
    numbers_.push_back(id.number);
    if (!is_uuid_.empty()) is_uuid_.push_back(false);
    return;
  }
  if (is_uuid_.empty()) is_uuid_.resize(numbers_.size(), false);
  is_uuid_.push_back(true);
  numbers_.push_back(uuids_.size());
  uuids_.push_back(id.bytes);
}

uint32_t Slots::append(const PointId& id, uint64_t version) {
  const uint32_t slot = count_.load(std::memory_order_relaxed);
  append_id(id);
  versions_.push_back(version);
  live_.set(slot);
  live_count_.fetch_add(1, std::memory_order_relaxed);
  count_.store(slot + 1, std::memory_order_release);
  return slot;
}

void Slots::kill(uint32_t slot) {
  if (!live_.test(slot)) return;
  live_.clear(slot);
  live_count_.fetch_sub(1, std::memory_order_relaxed);
}

uint64_t Slots::memory_bytes() const noexcept {
  return live_.memory_bytes() + versions_.capacity() * 8 + numbers_.capacity() * 8 + is_uuid_.capacity() / 8 +
         uuids_.capacity() * 16;
}

void Slots::save(ByteWriter& out) const {
  const uint32_t count = this->count();
  out.u32(count);
  for (uint32_t slot = 0; slot < count; slot++) {
    out.id(id(slot));
    out.u64(versions_[slot]);
  }
  for (const uint64_t word : live_words()) out.u64(word);
}

void Slots::load(ByteReader& in) {
  constexpr size_t kBytesPerSlotMin = 9 + 8;
  const uint32_t count = in.count(kBytesPerSlotMin);
  versions_.reserve(count);
  numbers_.reserve(count);
  for (uint32_t slot = 0; slot < count; slot++) {
    append_id(in.id());
    versions_.push_back(in.u64());
  }
  std::vector<uint64_t> words((static_cast<uint64_t>(count) + 63) / 64);
  uint32_t live = 0;
  for (size_t i = 0; i < words.size(); i++) {
    words[i] = in.u64();
    if (i + 1 == words.size() && count % 64 != 0 && words[i] >> (count % 64) != 0) {
      throw FormatError("the slots file marks slots as live past its end");
    }
    live += static_cast<uint32_t>(std::popcount(words[i]));
  }
  live_.assign(words);
  live_count_.store(live, std::memory_order_relaxed);
  count_.store(count, std::memory_order_release);
}

}  // namespace vdb
