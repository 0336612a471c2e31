#include "shard/generation.h"

#include "io/file.h"

namespace vdb {

std::string Generation::directory_of(const std::string& shard_directory, uint32_t number) {
  return shard_directory + "/segments/" + std::to_string(number);
}

Generation::Generation(std::string shard_directory, std::shared_ptr<Store> store, uint64_t collection, uint32_t shard,
                       uint32_t number, const ShardSchema& schema)
    : number_(number),
      directory_(directory_of(shard_directory, number)),
      store_(std::move(store)),
      keys_(collection, shard, number) {
  vectors.reserve(schema.vectors.size());
  for (size_t i = 0; i < schema.vectors.size(); i++) {
    vectors.push_back(std::make_unique<VectorSpace>(static_cast<uint16_t>(i), schema.vectors[i], directory_));
  }
}

Generation::~Generation() {
  if (!obsolete_.load()) return;
  vectors.clear();
  try {
    remove_directory(directory_);
    if (!store_->closed()) store_->remove_prefix(keys_.generation());
  } catch (const std::exception&) {
    // What is left is named by no manifest, and the next open deletes it.
  }
}

VectorSpace* Generation::find(std::string_view name) const {
  for (const auto& space : vectors) {
    if (space->schema().name == name) return space.get();
  }
  return nullptr;
}

uint64_t Generation::disk_bytes() const {
  uint64_t bytes = checkpoint_bytes.load(std::memory_order_relaxed);
  for (const auto& space : vectors) bytes += space->disk_bytes();
  return bytes;
}

uint64_t Generation::memory_bytes() const {
  uint64_t bytes = slots.memory_bytes() + ids.memory_bytes() + fields.memory_bytes();
  for (const auto& space : vectors) bytes += space->memory_bytes();
  return bytes;
}

uint64_t Generation::pending_rows() const {
  uint64_t rows = 0;
  for (const auto& space : vectors) rows += space->pending_rows();
  return rows;
}

}  // namespace vdb
