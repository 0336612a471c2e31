// Reads that are no search: by id, in id order, and counting.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shard/generation.h"
#include "shard/shard_types.h"

namespace vdb {

/** A point batch of the ids that exist, in the order asked, each once. */
std::vector<uint8_t> retrieve_points(Generation& generation, std::span<const uint8_t> ids, const Selection& selection);

ScrollPage scroll_points(Generation& generation, const ScrollQuery& query);

/** Exact without a filter; with one, an estimate unless `exact`. */
uint64_t count_points(Generation& generation, const std::optional<std::vector<uint8_t>>& filter, bool exact);

}  // namespace vdb
