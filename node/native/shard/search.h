// Nearest points under a filter: docs/internals/engine.md, "The path of a search".
#pragma once

#include <cstdint>
#include <vector>

#include "shard/generation.h"
#include "shard/shard_types.h"

namespace vdb {

/** A point batch, best first. Throws BadRequest for what the collection cannot answer. */
std::vector<uint8_t> search_points(Generation& generation, const SearchQuery& query, uint64_t full_scan_threshold_bytes);

}  // namespace vdb
