#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vdb {

struct LogSegment {
  std::uint64_t first_sequence = 0;
  /** Header and records, without what is preallocated. */
  std::uint64_t size_bytes = 0;
};

struct RecoveredLog {
  /** In order; appends go to the last. Empty in a log that never held a record. */
  std::vector<LogSegment> segments;
  std::uint64_t last_sequence = 0;
};

/**
 * Finds what a log folder holds after any crash: removes a segment whose creation was interrupted,
 * cuts a torn tail, and syncs, so that everything that is returned is durable. Throws FormatError
 * when acknowledged records are damaged, and when the folder is that of another format.
 */
RecoveredLog recover_log(const std::string& directory);

}  // namespace vdb
