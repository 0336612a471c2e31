// Requests and answers of a shard: what binding/shard_object makes from and into JavaScript values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "fields/field_indexes.h"
#include "io/point_id.h"

namespace vdb {

struct ApplyOutcome {
  /** An id that the operation named and that does not exist, where that is an error; one of them. */
  std::optional<PointId> missing;
};

/** Encoded selectors of docs/internals/engine.md. */
struct Selection {
  std::vector<uint8_t> payload;
  std::vector<uint8_t> vectors;
};

struct SearchQuery {
  std::string vector;
  std::vector<float> query;
  /** A filter program; nothing: every point. */
  std::optional<std::vector<uint8_t>> filter;
  size_t limit = 10;
  size_t offset = 0;
  size_t ef = 100;
  bool exact = false;
  std::optional<float> score_threshold;
  bool indexed_only = false;
  Selection selection;
};

struct ScrollQuery {
  std::optional<std::vector<uint8_t>> filter;
  std::optional<PointId> from;
  size_t limit = 10;
  Selection selection;
};

struct ScrollPage {
  std::vector<uint8_t> points;
  /** The first id after the page. */
  std::optional<PointId> next;
};

/** Ids after `after` (nothing: from the first) up to and with `to` (nothing: to the end). */
struct IdRange {
  std::optional<PointId> after;
  std::optional<PointId> to;
};

struct RangePart {
  std::vector<uint8_t> bytes;
  uint64_t count = 0;
  /** The last of the points; nothing when there are none. */
  std::optional<PointId> last;
  /** Whether points of the range are left behind it. */
  bool more = false;
};

struct VectorInfo {
  std::string name;
  uint32_t count = 0;
  uint32_t rows = 0;
  uint32_t dead_rows = 0;
  uint32_t indexed_rows = 0;
  bool graph_active = false;
  /** Mean share of exact neighbours that the codes find too; nothing before the first sample. */
  std::optional<float> code_overlap;
  bool walks_codes = false;
};

struct ShardInfo {
  uint64_t sequence = 0;
  uint64_t checkpoint_sequence = 0;
  uint32_t points = 0;
  uint32_t deleted_slots = 0;
  uint32_t slots = 0;
  uint32_t generation = 0;
  std::vector<VectorInfo> vectors;
  std::vector<FieldIndexInfo> field_indexes;
  uint64_t pending_rows = 0;
  /** Why the shard takes no writes. */
  std::optional<std::string> read_only;
  /** Newest tick of each clock among the applied operations, by peer and clock. */
  std::vector<ClockTag> clocks;
  uint64_t disk_bytes = 0;
  uint64_t memory_bytes = 0;
};

}  // namespace vdb
