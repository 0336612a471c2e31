#pragma once

#include <cstdint>
#include <vector>

namespace vdb {

/**
 * A vector prepared for scoring against the rows of one RowSpace (RowSpace::prepare): normalised for
 * Cosine, with its int8 code. Read-only afterwards, so threads may share it.
 */
struct Query {
  /** The query in float32; points into `values` or at a stored float32 row. */
  const float* exact = nullptr;
  /** Its code, padded like the codes of rows; points into `code_values` or at the code of a row. */
  const std::int8_t* code = nullptr;
  /** A code distance is `constant + extra(row) + multiplier * scale(row) * product`. */
  float multiplier = 0;
  float constant = 0;

  std::vector<float> values;
  std::vector<std::int8_t> code_values;

  Query() = default;
  Query(Query&&) = default;
  Query& operator=(Query&&) = default;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
};

}  // namespace vdb
