#pragma once

#include <cstdint>
#include <vector>

namespace vdb {

/**
 * A vector prepared for scoring against the rows of one RowSpace (RowSpace::prepare): normalised for
 * Cosine, with its int8 code. Read-only afterwards, so threads may share it.
 */
struct Query {
  /** What codes give: the negated product or the squared difference. Manhattan has no codes and no use for this. */
  enum class Form : std::uint8_t { kProduct, kSquared };

  /** The query in float32; points into `values` or at a stored float32 row. */
  const float* exact = nullptr;
  /** Its code, padded like the codes of rows; points into `code_values` or at the code of a row. */
  const std::int8_t* code = nullptr;
  Form form = Form::kProduct;
  /** What the integer product of two codes and a row's scale are multiplied by. */
  float multiplier = 0;
  /** The squared norm, for kSquared. */
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
