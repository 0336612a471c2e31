// One shard: a log's operations applied to slots, rows, graphs, field indexes and RocksDB, and the
// reads over them. docs/internals/engine.md draws the two paths, docs/internals/storage.md the files.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/log.h"
#include "pool/strand.h"
#include "pool/thread_pool.h"
#include "shard/applier.h"
#include "shard/checkpoint.h"
#include "shard/generation.h"
#include "shard/indexer.h"
#include "shard/schema.h"
#include "shard/scrub.h"
#include "shard/shard_types.h"
#include "store/store.h"

namespace vdb {

struct ShardOptions {
  std::string directory;
  uint64_t collection = 0;
  uint32_t shard = 0;
  ShardSchema schema;
  std::shared_ptr<ThreadPool> pool;
  std::shared_ptr<Store> store;
  std::shared_ptr<Log> log;
};

/**
 * Writes run one at a time, in order, on the shard's strand: the methods under "on the strand" may
 * only be called from there (or by the one thread of a test). Reads run on any thread.
 *
 * A failed apply for want of space keeps the operation: the shard is read-only until a later apply,
 * catch-up or checkpoint gets it in. Any other failed apply poisons the shard, because what is in
 * memory may then be neither before nor after the operation; a restart replays the log.
 */
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  /** Loads the manifest and replays the log past it. Blocks; throws FormatError, IoError, BadRequest. */
  static std::shared_ptr<Shard> open(ShardOptions options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  Strand& strand() noexcept { return strand_; }

  // On the strand.

  /** Applies the operation of the next sequence. Throws BadRequest for bytes that are no operation and for a gap. */
  ApplyOutcome apply(uint64_t sequence, std::span<const uint8_t> operation);
  /** The ids block of the live points that the filter matches, in id order. */
  std::vector<uint8_t> resolve(std::span<const uint8_t> filter);
  /** Graph parameters and thresholds; names, dimensions, distances and types must be those of before. */
  void update_schema(const ShardSchema& schema);
  /** Tries again what found no space. Throws while there still is none. */
  void catch_up();
  /** Copies what a checkpoint writes; nothing when nothing was applied since the last. */
  std::optional<CheckpointPlan> plan_checkpoint(bool closing);

  // On any thread.

  std::vector<uint8_t> search(const SearchQuery& query);
  std::vector<uint8_t> retrieve(std::span<const uint8_t> ids, const Selection& selection);
  ScrollPage scroll(const ScrollQuery& query);
  uint64_t count(const std::optional<std::vector<uint8_t>>& filter, bool exact);
  /** As in range_reads.h. */
  RangePart export_range(const IdRange& range, size_t limit);
  RangePart digest_range(const IdRange& range, size_t limit);
  std::vector<uint8_t> ids_in_range(const IdRange& range);
  ShardInfo info() const;
  /** Live points. */
  uint64_t points() const;
  /** Why the shard takes no writes, at no cost. */
  std::optional<std::string> read_only() const;
  /** Of rows, as far as scrub() can compare them; at no cost. */
  uint64_t block_bytes() const;
  /**
   * Compares rows on the disk with the crcs of the newest checkpoint, a piece of about `bytes_max` at a
   * time. Damage throws FormatError and poisons the shard.
   */
  ScrubProgress scrub(uint64_t bytes_max);
  /** Throws what stopped the shard, or Closed. */
  void check_open() const;

  // Blocking, on a thread that may wait for the disk; never on the strand.

  /** Writes a planned checkpoint and lets the log drop what it covers. */
  void write_checkpoint(CheckpointPlan plan);
  /** Plans on the strand and writes here. */
  void checkpoint();
  /** Compacts into a new generation if it is due; returns whether it did. */
  bool vacuum(double deleted_threshold, uint64_t minimum_slots);
  /** Finishes applies, checkpoints unless poisoned, stops background work and releases memory. */
  void close();

 private:
  friend class Vacuum;

  explicit Shard(ShardOptions options);

  /** A read in progress: close() waits for it, because the store may be closed next. */
  struct Reading {
    std::shared_lock<SharedMutex> guard;
    std::shared_ptr<Generation> generation;
  };
  Reading begin_read() const;
  std::shared_ptr<Generation> generation() const;
  void forget_lost_operations();
  void retry_waiting();
  void after_apply(Generation& generation);
  void become_read_only(const std::string& reason);
  void become_writable();
  void poison(std::exception_ptr error);
  bool index_some() const;
  void start_graphs(Generation& generation);
  void release();
  /** The next generation answers from now on; the old one is kept until a manifest names the new one. */
  void supersede(std::shared_ptr<Generation> generation);
  /** Waits for `work` on the strand; throws what it throws, and Closed when the engine stops. */
  void on_strand(std::function<void()> work);

  const ShardOptions options_;
  Strand strand_;
  std::shared_ptr<Indexer> indexer_;
  mutable std::mutex generation_mutex_;
  std::shared_ptr<Generation> generation_;
  std::vector<std::shared_ptr<Generation>> superseded_;
  std::unique_ptr<Applier> applier_;
  ShardSchema schema_;
  std::atomic<uint64_t> indexing_threshold_{0};
  std::atomic<uint64_t> full_scan_threshold_{0};

  /** The log's end when the shard was opened; what the replay found no space for lies below it. Touched on the strand. */
  uint64_t replay_until_ = 0;
  /** Operations that found no space since, in order. Touched on the strand. */
  struct Waiting {
    uint64_t sequence;
    std::vector<uint8_t> operation;
  };
  std::deque<Waiting> waiting_;

  mutable std::mutex state_mutex_;
  std::optional<std::string> read_only_;
  std::exception_ptr poison_;
  std::atomic<bool> closing_{false};
  std::atomic<bool> closed_{false};
  mutable SharedMutex reads_;
  /** The newest list that info() could read without waiting for a writer. */
  mutable std::vector<FieldIndexInfo> field_indexes_;
  mutable uint64_t memory_bytes_ = 0;

  /** One checkpoint is written at a time. */
  std::mutex checkpoint_mutex_;
  uint32_t written_generation_ = 0;
  std::atomic<uint64_t> checkpoint_sequence_{0};
  Scrub scrub_;
  /** One vacuum runs at a time; held by close() at the end. */
  std::mutex vacuum_mutex_;
  std::atomic<bool> vacuum_cancelled_{false};
  /** Records above it are kept for a running vacuum. */
  std::atomic<uint64_t> retained_sequence_{UINT64_MAX};
};

}  // namespace vdb
