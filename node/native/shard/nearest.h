// The nearest rows of one vector: which of graph, scan and list answers, and how they are merged.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/scan.h"
#include "graph/slot_mask.h"
#include "shard/vector_space.h"

namespace vdb {

struct NearestOptions {
  size_t k = 10;
  size_t ef = 100;
  bool exact = false;
  /** Leave out rows that wait for the graph. */
  bool indexed_only = false;
  /** Null accepts every slot. */
  const SlotMask* mask = nullptr;
};

/** Whether scoring the rows of `matches` slots one by one is the cheapest way. */
bool prefers_list(const VectorSpace& space, size_t matches, bool exact, uint64_t full_scan_threshold_bytes);

/**
 * The best rows, best first. A point that is replaced meanwhile may be there with its old row, its
 * new one, or both, and never with none; a row of a point that is not published yet may be there
 * too. Whoever turns rows into points drops what is not current.
 */
std::vector<Hit> nearest_rows(const VectorSpace& space, const Query& query, const NearestOptions& options);

/** The best of the rows listed. */
std::vector<Hit> nearest_of_list(const VectorSpace& space, const Query& query, std::span<const uint32_t> list, size_t k,
                                 bool exact);

}  // namespace vdb
