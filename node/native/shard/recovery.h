// Opening a shard: docs/internals/storage.md, "Checkpoint and manifest".
#pragma once

#include <memory>

#include "shard/generation.h"
#include "shard/shard.h"

namespace vdb {

struct Recovered {
  std::shared_ptr<Generation> generation;
  /** Of the manifest; 0 when there was none. */
  uint64_t checkpoint_sequence = 0;
};

/** Loads what the manifest names, deletes what it does not, and replays the log. Blocks. */
Recovered recover_generation(const ShardOptions& options);

}  // namespace vdb
