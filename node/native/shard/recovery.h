// Opening a shard: docs/internals/storage.md, "Checkpoint and manifest".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shard/applier.h"
#include "shard/generation.h"
#include "shard/shard.h"

namespace vdb {

struct Recovered {
  std::shared_ptr<Generation> generation;
  /** Goes on where the replay ended. */
  std::unique_ptr<Applier> applier;
  /** Of the manifest; 0 when there was none. */
  uint64_t checkpoint_sequence = 0;
  /**
   * RocksDB had operations that the log lost, in a power loss with `sync: interval`. They are gone;
   * what they left in payloads stays, and the field indexes were made to say the same.
   */
  bool store_was_ahead = false;
  /** Why the replay ended early: there was no space for it. */
  std::optional<std::string> no_space;
};

/** Loads what the manifest names, deletes what it does not, and replays the log. Blocks. */
Recovered recover_generation(const ShardOptions& options);

/** Applies the records past the generation's sequence, up to `last`. When it throws, it can be called again to go on. */
void replay_log(Generation& generation, Applier& applier, const Log& log, uint64_t last);

}  // namespace vdb
