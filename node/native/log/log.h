#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/errors.h"
#include "log/log_reader.h"

namespace vdb {

enum class SyncMode : std::uint8_t {
  /** A record is acknowledged after fdatasync. */
  kAlways,
  /** A record is acknowledged after write; fdatasync follows within the interval. */
  kInterval,
};

struct LogOptions {
  std::uint64_t segment_bytes = 32ull << 20;
  SyncMode sync = SyncMode::kAlways;
  std::chrono::milliseconds sync_interval{200};
  /** Closed segments that truncate_before keeps although they are not needed any more. */
  std::uint32_t retain_closed_segments = 0;
};

struct OwnedLogRecord {
  std::uint64_t sequence = 0;
  std::vector<std::uint8_t> body;
};

/**
 * A durable sequence of records in a folder of append-only segments; the format and the rules of
 * recovery are in docs/internals/storage.md, "Log files". All methods may be called from any thread.
 *
 * Errors: a failed fdatasync, and a failed write other than for want of space, poison the log: every
 * append that was not acknowledged and every later one fails with that error, and no sync is tried
 * again. When the disk is full, what was not written is taken back: its appends fail with ENOSPC,
 * the file is cut to its last whole record, and the sequences will be used again. From then on each
 * append fails at once and makes the commit thread probe the disk; when the probe succeeds, appends
 * are taken again. An acknowledged record is never taken back.
 */
class Log {
 public:
  /** Called once, on the commit thread or on the calling one; a null pointer means success. */
  using Callback = std::function<void(std::exception_ptr)>;

  /**
   * Recovers the log in `directory`, which is created when missing. Throws FormatError when
   * acknowledged data is damaged. What is there and verifies is durable when this returns.
   */
  static std::shared_ptr<Log> open(const std::string& directory, const LogOptions& options);
  /** As close(), without reporting errors. */
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /**
   * Queues records, in one piece, and returns the sequence of the first; the bodies (1 byte to
   * kLogBodyBytesMax each, at least one) are copied. Throws what poisoned the log, IoError ENOSPC
   * while the disk is full, or Closed.
   */
  std::uint64_t append(std::span<const std::span<const std::uint8_t>> bodies);
  std::uint64_t append(std::span<const std::uint8_t> body);

  /**
   * Reports when everything up to `sequence` is as durable as the sync mode asks. To be called
   * before the caller yields after the append: a sequence that was taken back for want of space is
   * used again.
   */
  void when_durable(std::uint64_t sequence, Callback done);
  /** Blocks for when_durable. */
  void wait_durable(std::uint64_t sequence);
  /** Blocks until everything up to `sequence` is synced, whatever the sync mode. */
  void sync(std::uint64_t sequence);

  /** The newest sequence handed out; 0 in a log that never held a record. */
  std::uint64_t last_sequence() const;
  /** The oldest sequence that is kept; last_sequence() + 1 when no record is. */
  std::uint64_t first_sequence() const;
  /** The newest sequence that is synced. */
  std::uint64_t durable_sequence() const;
  /** Bytes of records and headers on disk, without the preallocated rest. */
  std::uint64_t size_bytes() const;

  /**
   * Reads the records from `sequence` on that are written at the time of the call. Throws NotFound
   * when `sequence` is below first_sequence().
   */
  LogReader read_from(std::uint64_t sequence) const;
  /**
   * The records from `sequence` on that are written: as many as fit `bytes_max` of bodies, but at least
   * one where there is one. Empty past the end. Throws BadRequest when `sequence` was dropped already,
   * also while this reads, FormatError for a record that does not verify, and Closed.
   */
  std::vector<OwnedLogRecord> read(std::uint64_t sequence, std::uint64_t bytes_max) const;

  /** Drops closed segments that hold only records below `sequence`, but for those to retain. Durable on return. */
  void truncate_before(std::uint64_t sequence);
  /**
   * Drops every record at or after `sequence`, durably; the next append gets `sequence`. What is queued
   * is committed first. Needs `sequence` >= first_sequence(). Failing half-way poisons the log.
   */
  void truncate_from(std::uint64_t sequence);

  /** Writes and syncs what is queued, then closes; throws when that failed. Later calls do nothing. */
  void close();

 private:
  class Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vdb
