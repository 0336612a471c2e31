// The state of a shard between two vacuums: slots, ids, field indexes and vectors, one folder of
// files, and one prefix of RocksDB keys. Readers hold a generation by pointer for a whole request,
// so a swap to the next never pulls it from under them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "fields/field_indexes.h"
#include "ids/id_index.h"
#include "shard/clock_table.h"
#include "shard/manifest.h"
#include "shard/schema.h"
#include "shard/shared_mutex.h"
#include "shard/slots.h"
#include "shard/vector_space.h"
#include "store/store.h"

namespace vdb {

class Generation {
 public:
  /** An empty generation; its folder is made by the first file. */
  Generation(std::string shard_directory, std::shared_ptr<Store> store, uint64_t collection, uint32_t shard, uint32_t number,
             const ShardSchema& schema);
  /** Removes files and keys when the generation is obsolete. */
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  static std::string directory_of(const std::string& shard_directory, uint32_t number);

  uint32_t number() const noexcept { return number_; }
  const std::string& directory() const noexcept { return directory_; }
  Store& store() const noexcept { return *store_; }
  const ShardKeys& keys() const noexcept { return keys_; }

  /**
   * Two locks, taken in this order. `store_lock`: who reads RocksDB holds it shared, so that it sees
   * payloads of the same moment as slots; an apply holds it alone from its RocksDB batch to its
   * publication. `lock`: slots, ids, row tables and field indexes; an apply holds it alone while it
   * publishes, which never waits for a disk. Searches without payloads are not stopped by RocksDB.
   */
  SharedMutex store_lock;
  SharedMutex lock;

  Slots slots;
  IdIndex ids;
  FieldIndexes fields;

  std::vector<std::unique_ptr<VectorSpace>> vectors;
  /** Null for an unknown name. */
  VectorSpace* find(std::string_view name) const;

  /** The newest operation that is published here. */
  std::atomic<uint64_t> sequence{0};
  /** What the files of the newest checkpoint take, rows aside. */
  std::atomic<uint64_t> checkpoint_bytes{0};

  ClockTable clocks;

  /** Another generation's manifest is durable: files and keys go with the last reader. */
  void become_obsolete() noexcept { obsolete_.store(true); }

  uint64_t disk_bytes() const;
  uint64_t memory_bytes() const;
  /** Rows that wait for a graph, of all vectors. */
  uint64_t pending_rows() const;

 private:
  const uint32_t number_;
  const std::string directory_;
  const std::shared_ptr<Store> store_;
  const ShardKeys keys_;
  std::atomic<bool> obsolete_{false};
};

}  // namespace vdb
