// What replicas compare and copy: the points of a range of ids.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shard/generation.h"
#include "shard/shard_types.h"

namespace vdb {

/*
 * The first `limit` points of a range, in id order. Every operation that was published before the call
 * is seen. Each point is of one moment: PointReader takes payload, sparse vectors and row numbers
 * under the locks that an apply holds alone while it publishes, and rows never change. Writes between
 * two points are let in, so the range as a whole need not be of one moment.
 */

/** An operation of kind 1 without a clock tag. Ends early, with `more`, where it would get too large for one message. */
RangePart export_range(Generation& generation, const IdRange& range, size_t limit);

/** Two words of 64 bits: the sums of the digests of the points (codec/content_digest.h). */
RangePart digest_range(Generation& generation, const IdRange& range, size_t limit);

/** An ids block. */
std::vector<uint8_t> ids_in_range(Generation& generation, const IdRange& range);

}  // namespace vdb
