#include "store/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/snapshot.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "io/file.h"

namespace vdb {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
rocksdb::Slice slice(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::uint8_t> bytes_of(const rocksdb::Slice& slice) {
  return {reinterpret_cast<const std::uint8_t*>(slice.data()), slice.size()};
}

/** The first key after all those that start with `prefix`; empty when there is none. */
std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<std::uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<std::uint8_t>(end.back()) + 1);
  return end;
}

void remove_prefix_in(rocksdb::WriteBatch& batch, const Key& prefix) {
  const std::string end = end_of(prefix.text());
  // A prefix of 0xff bytes alone has no end that could be named; identities never come near.
  if (end.empty()) throw std::invalid_argument("a prefix to remove must not be all 0xff");
  batch.DeleteRange(slice(prefix.text()), end);
}

/**
 * RocksDB's own log, dropped. Every failure comes back as a status and becomes an IoError, and the
 * logger that writes a file ends the process on a full disk in builds with assertions, as Debian's.
 */
class NoLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options options_for(const StoreOptions& wanted) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(wanted.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // Indexes and filters are in the cache, so that it bounds the memory of all tables.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;

  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = wanted.write_buffer_bytes;
  options.max_write_buffer_number = 2;
  options.max_total_wal_size = 4 * wanted.write_buffer_bytes;
  options.level_compaction_dynamic_level_bytes = true;
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  options.info_log = std::make_shared<NoLogger>();
  // No timers in a node at rest.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  options.compression = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  return options;
}

bool is_no_space(const rocksdb::Status& status) {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace;
}

void check(const rocksdb::Status& status, const char* operation, const std::string& directory) {
  if (status.ok()) return;
  const std::string where = "the store in " + directory + " (" + status.ToString() + ")";
  if (is_no_space(status)) throw IoError(ENOSPC, operation, where);
  if (status.IsCorruption()) throw FormatError(std::string(operation) + " " + where);
  throw IoError(EIO, operation, where);
}

rocksdb::ReadOptions read_options(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  return options;
}

}  // namespace

struct StoreBatch::Impl {
  rocksdb::WriteBatch batch;
};

StoreBatch::StoreBatch() : impl_(std::make_unique<Impl>()) {}
StoreBatch::~StoreBatch() = default;
StoreBatch::StoreBatch(StoreBatch&&) noexcept = default;
StoreBatch& StoreBatch::operator=(StoreBatch&&) noexcept = default;

void StoreBatch::put(const Key& key, std::span<const std::uint8_t> value) {
  impl_->batch.Put(slice(key.text()), slice(value));
}
void StoreBatch::put(const Key& key, std::string_view value) { impl_->batch.Put(slice(key.text()), slice(value)); }
void StoreBatch::put_u64(const Key& key, std::uint64_t value) {
  put(key, std::string_view(reinterpret_cast<const char*>(&value), sizeof(value)));
}
void StoreBatch::remove(const Key& key) { impl_->batch.Delete(slice(key.text())); }
void StoreBatch::remove_prefix(const Key& prefix) { remove_prefix_in(impl_->batch, prefix); }
void StoreBatch::clear() { impl_->batch.Clear(); }
bool StoreBatch::empty() const { return impl_->batch.Count() == 0; }
std::size_t StoreBatch::size_bytes() const { return impl_->batch.GetDataSize(); }

struct Store::Impl {
  std::string directory;
  std::mutex close_mutex;
  std::atomic<bool> closed{false};
  /** A write failed for want of space: RocksDB takes no writes until it is told to go on. */
  mutable std::atomic<bool> stalled{false};
  std::unique_ptr<rocksdb::DB> db;

  rocksdb::DB& open_db() const {
    if (closed.load(std::memory_order_acquire)) throw Closed("the store in " + directory + " is closed");
    return *db;
  }

  void check(const rocksdb::Status& status, const char* operation) const { vdb::check(status, operation, directory); }

  /** For writes and syncs: in builds with assertions, a sync of a log whose write failed ends the process. */
  rocksdb::DB& writable_db() const {
    rocksdb::DB& target = open_db();
    if (!stalled.load(std::memory_order_relaxed)) return target;
    const rocksdb::Status resumed = target.Resume();
    // RocksDB tries by itself, too, every few seconds, and is at it just now.
    if (resumed.IsBusy()) throw IoError(ENOSPC, "resume writes to", "the store in " + directory);
    check(resumed, "resume writes to");
    stalled.store(false, std::memory_order_relaxed);
    return target;
  }

  void write(rocksdb::WriteBatch* batch) const {
    rocksdb::DB& target = writable_db();
    const rocksdb::Status status = target.Write({}, batch);
    if (is_no_space(status)) stalled.store(true, std::memory_order_relaxed);
    check(status, "write to");
  }
};

struct StoreSnapshot::Impl {
  rocksdb::DB& db;
  const rocksdb::Snapshot* snapshot;
  ~Impl() { db.ReleaseSnapshot(snapshot); }
};

StoreSnapshot::StoreSnapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreSnapshot::~StoreSnapshot() = default;
StoreSnapshot::StoreSnapshot(StoreSnapshot&&) noexcept = default;
StoreSnapshot& StoreSnapshot::operator=(StoreSnapshot&&) noexcept = default;

struct StoreIterator::Impl {
  std::string directory;
  std::string start;
  std::string end;
  rocksdb::Slice end_slice;
  std::unique_ptr<rocksdb::Iterator> iterator;
  bool moved = false;
};

StoreIterator::StoreIterator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreIterator::~StoreIterator() = default;
StoreIterator::StoreIterator(StoreIterator&&) noexcept = default;
StoreIterator& StoreIterator::operator=(StoreIterator&&) noexcept = default;

bool StoreIterator::next() {
  if (!std::exchange(impl_->moved, true)) {
    impl_->iterator->Seek(impl_->start);
  } else if (impl_->iterator->Valid()) {
    impl_->iterator->Next();
  }
  if (impl_->iterator->Valid()) return true;
  check(impl_->iterator->status(), "read", impl_->directory);
  return false;
}

void StoreIterator::seek(const Key& key) {
  impl_->start = key.text();
  impl_->moved = false;
}

std::string_view StoreIterator::key() const {
  const rocksdb::Slice key = impl_->iterator->key();
  return {key.data(), key.size()};
}

std::span<const std::uint8_t> StoreIterator::value() const { return bytes_of(impl_->iterator->value()); }

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() {
  try {
    close();
  } catch (...) {
    // Who wants to know calls close() before; what was written is in RocksDB's own log.
  }
}

std::shared_ptr<Store> Store::open(const std::string& directory, const StoreOptions& options) {
  create_directories(directory);
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  rocksdb::DB* db = nullptr;
  const rocksdb::Options rocksdb_options = options_for(options);
  impl->check(rocksdb::DB::Open(rocksdb_options, directory, &db), "open");
  impl->db.reset(db);
  return std::shared_ptr<Store>(new Store(std::move(impl)));
}

void Store::write(const StoreBatch& batch) { impl_->write(&batch.impl_->batch); }

bool Store::get(const Key& key, std::string& value, const StoreSnapshot* snapshot) const {
  const auto options = read_options(snapshot == nullptr ? nullptr : snapshot->impl_->snapshot);
  const rocksdb::Status status = impl_->open_db().Get(options, slice(key.text()), &value);
  if (status.IsNotFound()) return false;
  impl_->check(status, "read");
  return true;
}

std::optional<std::uint64_t> Store::get_u64(const Key& key) const {
  std::string value;
  if (!get(key, value)) return std::nullopt;
  std::uint64_t number;
  if (value.size() != sizeof(number)) throw FormatError("a number in the store in " + impl_->directory + " has no 8 bytes");
  std::memcpy(&number, value.data(), sizeof(number));
  return number;
}

void Store::multi_get(std::span<const Key> keys, const Visitor& visit, const StoreSnapshot* snapshot) const {
  rocksdb::DB& db = impl_->open_db();
  const auto options = read_options(snapshot == nullptr ? nullptr : snapshot->impl_->snapshot);
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const Key& key : keys) slices.push_back(slice(key.text()));
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db.MultiGet(options, db.DefaultColumnFamily(), keys.size(), slices.data(), values.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) {
      visit(i, std::nullopt);
    } else {
      impl_->check(statuses[i], "read");
      visit(i, bytes_of(values[i]));
    }
  }
}

StoreIterator Store::iterate(const Key& prefix, const StoreSnapshot* snapshot) const {
  auto iterator = std::make_unique<StoreIterator::Impl>(
      StoreIterator::Impl{impl_->directory, std::string(prefix.text()), end_of(prefix.text()), {}, nullptr});
  auto options = read_options(snapshot == nullptr ? nullptr : snapshot->impl_->snapshot);
  iterator->end_slice = iterator->end;
  if (!iterator->end.empty()) options.iterate_upper_bound = &iterator->end_slice;
  iterator->iterator.reset(impl_->open_db().NewIterator(options));
  return StoreIterator(std::move(iterator));
}

StoreSnapshot Store::snapshot() const {
  rocksdb::DB& db = impl_->open_db();
  return StoreSnapshot(std::unique_ptr<StoreSnapshot::Impl>(new StoreSnapshot::Impl{db, db.GetSnapshot()}));
}

void Store::remove_prefix(const Key& prefix) {
  rocksdb::WriteBatch batch;
  remove_prefix_in(batch, prefix);
  impl_->write(&batch);
}

void Store::flush_wal(bool sync) { impl_->check(impl_->writable_db().FlushWAL(sync), "sync"); }

void Store::checkpoint(const std::string& directory) {
  rocksdb::Checkpoint* made = nullptr;
  impl_->check(rocksdb::Checkpoint::Create(&impl_->open_db(), &made), "checkpoint");
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  impl_->check(checkpoint->CreateCheckpoint(directory), "checkpoint");
}

std::uint64_t Store::disk_bytes() const {
  std::uint64_t tables = 0;
  impl_->open_db().GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &tables);
  rocksdb::VectorLogPtr logs;
  std::uint64_t log_bytes = 0;
  if (impl_->open_db().GetSortedWalFiles(logs).ok()) {
    for (const auto& log : logs) log_bytes += log->SizeFileBytes();
  }
  return tables + log_bytes;
}

std::uint64_t Store::memory_bytes() const {
  std::uint64_t memtables = 0;
  std::uint64_t readers = 0;
  std::uint64_t cache = 0;
  rocksdb::DB& db = impl_->open_db();
  db.GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memtables);
  db.GetIntProperty(rocksdb::DB::Properties::kEstimateTableReadersMem, &readers);
  db.GetIntProperty(rocksdb::DB::Properties::kBlockCacheUsage, &cache);
  return memtables + readers + cache;
}

std::string Store::version() { return rocksdb::GetRocksVersionAsString(true); }

bool Store::closed() const noexcept { return impl_->closed.load(std::memory_order_acquire); }

void Store::close() {
  std::lock_guard lock(impl_->close_mutex);
  if (impl_->closed.exchange(true, std::memory_order_acq_rel)) return;
  const rocksdb::Status synced = impl_->db->SyncWAL();
  const rocksdb::Status closed = impl_->db->Close();
  impl_->db.reset();
  if (!synced.ok() && !synced.IsNotSupported()) impl_->check(synced, "close");
  impl_->check(closed, "close");
}

}  // namespace vdb
