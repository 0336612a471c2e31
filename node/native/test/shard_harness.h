// A shard with its log and store in a temporary folder, driven as the node drives it.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shard/shard.h"
#include "test/frozen_copy.h"
#include "test/temporary_directory.h"

namespace vdb {

inline ShardSchema test_schema() {
  ShardSchema schema;
  VectorSchema dense;
  dense.name = "";
  dense.kind = VectorKind::kDense;
  dense.dimension = 12;
  dense.distance = Distance::kEuclid;
  dense.m = 16;
  dense.ef_construct = 64;
  VectorSchema multi;
  multi.name = "multi";
  multi.kind = VectorKind::kMulti;
  multi.dimension = 4;
  multi.distance = Distance::kDot;
  VectorSchema sparse;
  sparse.name = "sparse";
  sparse.kind = VectorKind::kSparse;
  schema.vectors = {dense, multi, sparse};
  schema.indexing_threshold_bytes = 64 * 12 * sizeof(float);
  schema.full_scan_threshold_bytes = 16 * 12 * sizeof(float);
  return schema;
}

class ShardHarness {
 public:
  explicit ShardHarness(ShardSchema schema = test_schema(), unsigned threads = 2)
      : schema_(std::move(schema)), pool_(std::make_shared<ThreadPool>(threads)), root_(std::make_unique<TemporaryDirectory>()) {
    open();
  }
  ~ShardHarness() {
    shard_->close();
    close_files();
  }

  Shard& shard() { return *shard_; }
  ShardSchema& schema() { return schema_; }
  Log& log() { return *log_; }
  std::string directory() const { return *root_ / "shard"; }

  /** Logs an operation and applies it on the strand. */
  ApplyOutcome write(const Operation& operation) { return write_bytes(encode_operation(ClockTag{}, operation)); }
  ApplyOutcome write_bytes(const std::vector<uint8_t>& bytes) {
    const uint64_t sequence = log_->append(bytes);
    log_->wait_durable(sequence);
    return on_strand([&] { return shard_->apply(sequence, bytes); });
  }

  template <class Work>
  auto on_strand(Work work) -> decltype(work()) {
    std::promise<decltype(work())> promise;
    auto result = promise.get_future();
    shard_->strand().submit([&] {
      try {
        promise.set_value(work());
      } catch (...) {
        promise.set_exception(std::current_exception());
      }
    });
    return result.get();
  }

  void reopen() {
    shard_->close();
    close_files();
    open();
  }

  /**
   * Goes on with a copy of the folder as it is now, as after the death of the process. The log may
   * lose its end, as in a power loss when it is synced by interval.
   */
  void crash(std::optional<uint64_t> log_ends_at = std::nullopt) {
    auto copy = std::make_unique<TemporaryDirectory>();
    copy_at_one_moment(root_->path(), copy->path());
    shard_->close();
    close_files();
    root_ = std::move(copy);
    if (log_ends_at.has_value()) {
      const auto log = Log::open(directory() + "/wal", LogOptions{.segment_bytes = 1 << 20, .sync = SyncMode::kInterval});
      log->truncate_from(*log_ends_at + 1);
      log->close();
    }
    open();
  }

  /** Everything that can be indexed is, when this returns. */
  void wait_until_indexed() {
    while (shard_->info().pending_rows > 0) std::this_thread::yield();
  }

 private:
  void open() {
    log_ = Log::open(directory() + "/wal", LogOptions{.segment_bytes = 1 << 20, .sync = SyncMode::kInterval});
    store_ = Store::open(*root_ / "rocksdb", StoreOptions{});
    shard_ = Shard::open({directory(), 7, 3, schema_, pool_, store_, log_});
  }
  void close_files() {
    shard_.reset();
    log_->close();
    store_->close();
  }

  ShardSchema schema_;
  std::shared_ptr<ThreadPool> pool_;
  std::unique_ptr<TemporaryDirectory> root_;
  std::shared_ptr<Log> log_;
  std::shared_ptr<Store> store_;
  std::shared_ptr<Shard> shard_;
};

}  // namespace vdb
