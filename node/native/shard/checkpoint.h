// Saving a generation: copied between two operations, written while the next ones are applied.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "log/log.h"
#include "shard/generation.h"
#include "shard/manifest.h"

namespace vdb {

/** What must be of one moment: taken on the strand, in memory. */
struct CheckpointPlan {
  std::shared_ptr<Generation> generation;
  Manifest manifest;
  std::vector<uint8_t> slots;
  std::vector<uint8_t> fields;
  /** Save every graph that grew, and not only those that grew by a tenth. */
  bool closing = false;
};

CheckpointPlan plan_checkpoint(std::shared_ptr<Generation> generation, uint64_t collection, uint32_t shard, bool closing);

/**
 * Does the steps of docs/internals/storage.md, "Checkpoint and manifest", up to the deletion of the
 * files that the new manifest does not name. One at a time per shard.
 */
void write_checkpoint(const std::string& shard_directory, CheckpointPlan& plan, Log& log);

/** Fills an empty generation from what a manifest names. Codes of rows are not computed yet. */
void load_checkpoint(Generation& generation, const Manifest& manifest);

/** Deletes what `manifest` does not name: files of its generation, folders and keys of others. */
void delete_stale(const std::string& shard_directory, const Manifest& manifest, Store& store);

}  // namespace vdb
