// The one file that recovery trusts: docs/internals/storage.md, "Checkpoint and manifest".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shard/file_ref.h"

namespace vdb {

struct ManifestGraph {
  FileRef file;
  uint32_t rows = 0;
};

struct ManifestVector {
  uint16_t index = 0;
  uint32_t rows = 0;
  /** Empty for a sparse vector. */
  std::string row_file;
  std::optional<ManifestGraph> graph;
};

/** The newest or oldest operation of a peer's clock that this shard has. */
struct ManifestClock {
  uint64_t peer = 0;
  uint32_t clock = 0;
  uint64_t tick = 0;

  friend bool operator==(const ManifestClock&, const ManifestClock&) = default;
};

struct Manifest {
  uint64_t collection = 0;
  uint32_t shard = 0;
  uint32_t generation = 0;
  uint64_t sequence = 0;
  uint32_t slots = 0;
  uint32_t live = 0;
  FileRef slots_file;
  FileRef fields_file;
  std::vector<ManifestVector> vectors;
  std::vector<ManifestClock> newest_clocks;
  std::vector<ManifestClock> oldest_clocks;
};

std::string encode_manifest(const Manifest& manifest);
/** Throws FormatError; `path` is for the message. */
Manifest decode_manifest(std::string_view text, const std::string& path);

/** Nothing when there is no manifest: a shard that never made a checkpoint. */
std::optional<Manifest> read_manifest(const std::string& directory);
void write_manifest(const std::string& directory, const Manifest& manifest);

}  // namespace vdb
