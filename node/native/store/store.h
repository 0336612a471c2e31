#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "io/errors.h"
#include "store/keys.h"

namespace vdb {

struct StoreOptions {
  std::uint64_t block_cache_bytes = 32ull << 20;
  /** Of one memtable; up to two exist at a time. */
  std::uint64_t write_buffer_bytes = 16ull << 20;
};

/** Writes that happen together or not at all, in order. */
class StoreBatch {
 public:
  StoreBatch();
  ~StoreBatch();
  StoreBatch(StoreBatch&&) noexcept;
  StoreBatch& operator=(StoreBatch&&) noexcept;

  void put(const Key& key, std::span<const std::uint8_t> value);
  void put(const Key& key, std::string_view value);
  void put_u64(const Key& key, std::uint64_t value);
  void remove(const Key& key);
  /** Removes every key that starts with `prefix`. */
  void remove_prefix(const Key& prefix);
  void clear();
  bool empty() const;
  std::size_t size_bytes() const;

 private:
  friend class Store;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Store;

/** The store as it was when this was made; the store must not be closed before it goes. */
class StoreSnapshot {
 public:
  ~StoreSnapshot();
  StoreSnapshot(StoreSnapshot&&) noexcept;
  StoreSnapshot& operator=(StoreSnapshot&&) noexcept;

 private:
  friend class Store;
  friend class StoreIterator;
  struct Impl;
  explicit StoreSnapshot(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/** The keys that start with a prefix, in order; the store must not be closed before it goes. */
class StoreIterator {
 public:
  ~StoreIterator();
  StoreIterator(StoreIterator&&) noexcept;
  StoreIterator& operator=(StoreIterator&&) noexcept;

  /** Moves to the first entry, later to the next. False at the end; throws IoError or FormatError. */
  bool next();
  /** Moves so that the entry at `key`, or the first after it, comes next. */
  void seek(const Key& key);
  /** Valid until the next call. */
  std::string_view key() const;
  std::span<const std::uint8_t> value() const;

 private:
  friend class Store;
  struct Impl;
  explicit StoreIterator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/**
 * One RocksDB for every shard of the node: payloads and sparse vectors. Writes reach the operating
 * system before they return (they survive the process) and the disk with flush_wal(true). Failures
 * throw IoError (error_number ENOSPC when the disk is full, EIO otherwise) and FormatError for
 * damaged files. All methods may be called from any thread; close() must come after all others, and
 * after the last iterator and snapshot.
 */
class Store {
 public:
  static std::shared_ptr<Store> open(const std::string& directory, const StoreOptions& options = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /** Unsynced. The batch can be cleared and used again. */
  void write(const StoreBatch& batch);

  /** The value copied into `value`; false when the key is not there. */
  bool get(const Key& key, std::string& value, const StoreSnapshot* snapshot = nullptr) const;
  std::optional<std::uint64_t> get_u64(const Key& key) const;

  using Visitor = std::function<void(std::size_t index, std::optional<std::span<const std::uint8_t>> value)>;
  /** Calls `visit` once for each key in turn, with nothing for a key that is not there. Values are not copied. */
  void multi_get(std::span<const Key> keys, const Visitor& visit, const StoreSnapshot* snapshot = nullptr) const;

  StoreIterator iterate(const Key& prefix, const StoreSnapshot* snapshot = nullptr) const;
  StoreSnapshot snapshot() const;

  void remove_prefix(const Key& prefix);

  /** With `sync`, everything written before is on the disk when this returns. */
  void flush_wal(bool sync);
  /** A copy that can be opened by itself, in `directory`, which must not exist; hard links where the file system allows. */
  void checkpoint(const std::string& directory);

  std::uint64_t disk_bytes() const;
  /** Block cache, memtables and table readers. */
  std::uint64_t memory_bytes() const;
  /** Version of the RocksDB library. */
  static std::string version();

  bool closed() const noexcept;
  /** Writes what is in memory, then releases files and threads. Later calls of this do nothing, of others throw Closed. */
  void close();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vdb
