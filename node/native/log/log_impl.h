#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include "log/active_segment.h"
#include "log/commit_thread.h"
#include "log/log.h"
#include "log/recovery.h"

namespace vdb {

/**
 * Three mutexes, taken in this order: truncate_mutex_ (one truncation at a time), io_mutex_ (the
 * files' writing side), mutex_ (what is in memory; held for moments only, so that append and the
 * getters never wait for the disk).
 */
class Log::Impl final : public CommitThread::Client {
 public:
  Impl(std::string directory, const LogOptions& options, RecoveredLog recovered);

  std::uint64_t append(std::span<const std::span<const std::uint8_t>> bodies);
  /** `synced`: wait for fdatasync whatever the mode. */
  void when(std::uint64_t sequence, bool synced, Callback done);
  std::uint64_t last_sequence() const;
  std::uint64_t first_sequence() const;
  std::uint64_t durable_sequence() const;
  std::uint64_t size_bytes() const;
  LogReader read_from(std::uint64_t sequence) const;
  std::vector<OwnedLogRecord> read(std::uint64_t sequence, std::uint64_t bytes_max) const;
  void truncate_before(std::uint64_t sequence);
  void truncate_from(std::uint64_t sequence);
  void close();

  std::vector<CommitThread::Settled> commit() override;

 private:
  using Settled = CommitThread::Settled;
  using Clock = CommitThread::Clock;

  enum class Status { kOpen, kFull, kPoisoned, kClosing, kClosed };

  struct Waiter {
    std::uint64_t sequence;
    bool synced;
    Callback done;
  };

  /** Encoded records that wait for the commit, with a place for what is filled in when they are written. */
  struct Queue {
    std::uint64_t first_sequence = 0;
    std::vector<std::uint8_t> bytes;
    /** Where each record ends in `bytes`. */
    std::vector<std::size_t> ends;
  };

  std::string path_of(std::uint64_t first_sequence) const;
  void check_appendable();
  void check_not_failed() const;
  static void settle_now(std::vector<Settled> settled);

  // These need io_mutex_ and not mutex_.
  std::vector<Settled> commit_locked(bool final);
  void write_queue(Queue& queue);
  void ensure_segment(std::uint64_t next_sequence);
  void sync_if_due(bool final);
  bool sync_active();
  void probe();
  void take_back(const IoError& error);
  void poison(std::exception_ptr error);
  bool poisoned() const;
  std::vector<Settled> collect_settled();
  void drop_from(std::uint64_t sequence);

  const std::string directory_;
  const LogOptions options_;

  std::mutex truncate_mutex_;
  std::mutex io_mutex_;
  ActiveSegment active_;
  /** The buffer of the commit before, used again. */
  Queue spare_;

  mutable std::mutex mutex_;
  Status status_ = Status::kOpen;
  /** What poisoned the log, or filled the disk, last. */
  std::exception_ptr error_;
  Queue queue_;
  std::vector<Waiter> waiters_;
  std::vector<LogSegment> segments_;
  std::uint64_t last_;
  std::uint64_t written_;
  std::uint64_t durable_;
  /** When the oldest unsynced record has to be synced, in interval mode. */
  Clock::time_point sync_due_;
  /** The newest sync_due_ for which a commit is scheduled. */
  Clock::time_point sync_scheduled_;
};

}  // namespace vdb
