#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/slot_mask.h"
#include "rows/row_space.h"
#include "rows/top_k.h"

namespace vdb {

/** How many of the best by code are scored exactly when `k` hits are wanted. */
std::size_t rescored(std::size_t k);

enum class Precision : std::uint8_t {
  /** By code, the best rescored exactly; by row where the space has no codes. */
  kCodes,
  /** Every row exactly. */
  kExact,
};

/**
 * The best `k` live rows of [begin, end) that `mask` accepts (null: all), best first, with exact
 * distances. For rows that the graph does not hold yet, for `exact`, and for filters with few matches.
 */
std::vector<Hit> scan_rows(const RowSpace& rows, const Query& query, std::uint32_t begin, std::uint32_t end,
                           const SlotMask* mask, std::size_t k, Precision precision);

/** The best `k` of the rows listed, best first, with exact distances. Rows that are not live are left out. */
std::vector<Hit> score_rows(const RowSpace& rows, const Query& query, std::span<const std::uint32_t> list,
                            std::size_t k, Precision precision);

/** Merges best-first lists of exact distances into the best `k`; a row in both counts once. */
std::vector<Hit> merge_hits(std::span<const Hit> a, std::span<const Hit> b, std::size_t k);

}  // namespace vdb
