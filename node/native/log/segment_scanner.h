#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/file.h"
#include "log/log_format.h"

namespace vdb {

/** Walks the records of one segment file from its start, verifying each. */
class SegmentScanner {
 public:
  SegmentScanner() = default;
  /** Throws FormatError when the header does not verify or is not that of `first_sequence`. */
  SegmentScanner(const std::string& path, std::uint64_t first_sequence);

  bool is_open() const noexcept { return file_.is_open(); }
  /** Moves to the next record. False when what comes next is no record that verifies, or the end. */
  bool next();

  std::uint64_t sequence() const noexcept { return header_.sequence; }
  /** Of the record that next() moved to; valid until the next call. */
  std::span<const std::uint8_t> body() const noexcept;
  /** Where the record after the current one would start. */
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t next_sequence() const noexcept { return next_sequence_; }

  /**
   * After next() returned false: whether any verified record further on says that `next_sequence()`
   * was durable when it was written, which makes the gap damage and not a torn end.
   */
  bool damaged() const { return holds_record(file_, offset_, next_sequence_ + 1, next_sequence_); }

  /**
   * Whether a verified record of at least `sequence_min` that was written when `durable_min` was
   * durable starts at or after `offset`, at whatever byte.
   */
  static bool holds_record(const File& file, std::uint64_t offset, std::uint64_t sequence_min, std::uint64_t durable_min);

 private:
  bool fill(std::uint64_t size);

  File file_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t next_sequence_ = 0;
  LogRecordHeader header_;
  /** A window of the file: records are read in pieces of about a megabyte. */
  std::vector<std::uint8_t> window_;
  std::uint64_t window_offset_ = 0;
  std::span<const std::uint8_t> body_;
};

}  // namespace vdb
