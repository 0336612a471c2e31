// Looks for rows that the disk no longer has as they were written: docs/internals/storage.md, "Scrub".
#pragma once

#include <cstdint>
#include <mutex>

#include "shard/generation.h"

namespace vdb {

struct ScrubProgress {
  uint64_t scanned_bytes = 0;
  /** The last block was reached; the next call begins with the first. */
  bool finished = false;
};

/** A pass over the row blocks of a shard, a piece at a time. */
class Scrub {
 public:
  /**
   * Reads on from where the last call ended, whole blocks of at most `bytes_max` together but at least
   * one, fewer when the pool has something better to do. In a generation that it has not seen it begins
   * anew. Throws FormatError for a block that is not what was written, or that the disk cannot give;
   * the next call looks at the same block again.
   */
  ScrubProgress run(const Generation& generation, uint64_t bytes_max);

 private:
  std::mutex mutex_;
  uint32_t generation_ = 0;
  size_t space_ = 0;
  uint32_t block_ = 0;
};

}  // namespace vdb
