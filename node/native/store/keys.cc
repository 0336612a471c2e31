#include "store/keys.h"

#include "io/errors.h"

namespace vdb {

template <class T>
void Key::append(T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    data_[size_++] = static_cast<std::uint8_t>(value >> shift);
  }
}

Key Key::of_collection(std::uint64_t collection) {
  Key key;
  key.append(collection);
  return key;
}

Key Key::of_shard(std::uint64_t collection, std::uint32_t shard) {
  Key key = of_collection(collection);
  key.append(shard);
  return key;
}

Key Key::of_generation(std::uint64_t collection, std::uint32_t shard, std::uint32_t generation) {
  Key key = of_shard(collection, shard);
  key.append(generation);
  return key;
}

Key ShardKeys::kind(KeyKind kind) const {
  Key key = prefix_;
  key.append(static_cast<std::uint8_t>(kind));
  return key;
}

Key ShardKeys::payload(std::uint32_t slot) const {
  Key key = kind(KeyKind::kPayload);
  key.append(slot);
  return key;
}

Key ShardKeys::sparse(std::uint16_t vector, std::uint32_t slot) const {
  Key key = kind(KeyKind::kSparse);
  key.append(vector);
  key.append(slot);
  return key;
}

std::uint32_t ShardKeys::slot_of(std::string_view key) {
  if (key.size() < sizeof(std::uint32_t)) throw FormatError("a key of the store is too short to end in a slot");
  std::uint32_t slot = 0;
  for (const char byte : key.substr(key.size() - sizeof(slot))) slot = (slot << 8) | static_cast<std::uint8_t>(byte);
  return slot;
}

}  // namespace vdb
