#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "log/segment_scanner.h"

namespace vdb {

struct LogRecord {
  std::uint64_t sequence = 0;
  /** Valid until the next call on the reader. */
  std::span<const std::uint8_t> body;
};

/**
 * Reads verified records in order, through all segments from the one that holds the start. Opens one
 * segment at a time, so a reader at rest keeps at most one file open. Segments that truncate_before
 * removes while the reader is before them make it throw NotFound.
 */
class LogReader {
 public:
  /** `segments` are first sequences in order; records up to and including `last` are returned. */
  LogReader(std::string directory, std::vector<std::uint64_t> segments, std::uint64_t from, std::uint64_t last);

  /** False at the end. Throws FormatError when a record before it does not verify. */
  bool next(LogRecord& record);

 private:
  std::string directory_;
  std::vector<std::uint64_t> segments_;
  std::size_t position_ = 0;
  std::uint64_t next_;
  std::uint64_t last_;
  SegmentScanner scanner_;
};

}  // namespace vdb
