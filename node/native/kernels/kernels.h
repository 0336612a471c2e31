#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace vdb {

/**
 * The arithmetic of the engine for one instruction set. Every function takes any dimension `n`,
 * zero included, and pointers without alignment. Sums are made in another order by each table, so
 * floats of two tables agree only to rounding; conversions, quantisation and int8 products agree
 * exactly.
 *
 * float16 values are IEEE 754 binary16 in a uint16_t. int8 codes lie in [-127, 127]: -128 is never
 * made, and the AVX2 product relies on that.
 */
struct Kernels {
  std::string_view name;

  float (*dot_f32)(const float* a, const float* b, std::size_t n);
  /** Sum of squared differences. */
  float (*l2_f32)(const float* a, const float* b, std::size_t n);
  /** Sum of absolute differences. */
  float (*l1_f32)(const float* a, const float* b, std::size_t n);

  float (*dot_f16)(const float* query, const std::uint16_t* row, std::size_t n);
  float (*l2_f16)(const float* query, const std::uint16_t* row, std::size_t n);
  float (*l1_f16)(const float* query, const std::uint16_t* row, std::size_t n);

  float (*dot_u8)(const float* query, const std::uint8_t* row, std::size_t n);
  float (*l2_u8)(const float* query, const std::uint8_t* row, std::size_t n);
  float (*l1_u8)(const float* query, const std::uint8_t* row, std::size_t n);

  /** Exact as long as n <= 65,536, the largest dimension that a collection may have. */
  std::int32_t (*dot_i8)(const std::int8_t* a, const std::int8_t* b, std::size_t n);
  /** out[i] = dot_i8(query, rows[i], n): one call per hop of a walk, several rows in flight. */
  void (*dot_i8_rows)(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count, std::size_t n,
                      std::int32_t* out);

  /**
   * code[i] = round(values[i] / scale) with scale = max |values| / 127, and returns the scale. A row
   * of zeros, and a row with a component that is not finite, gets a code of zeros and scale 0.
   */
  float (*quantize)(const float* values, std::size_t n, std::int8_t* code);

  /** Round to nearest even; what is too large becomes infinite. */
  void (*f32_to_f16)(const float* values, std::size_t n, std::uint16_t* out);
  void (*f16_to_f32)(const std::uint16_t* values, std::size_t n, float* out);
  /** Towards zero, clamped to [0, 255], NaN to 0, as the original stores uint8 vectors. */
  void (*f32_to_u8)(const float* values, std::size_t n, std::uint8_t* out);
  void (*u8_to_f32)(const std::uint8_t* values, std::size_t n, float* out);
  /** values[i] *= factor */
  void (*scale_f32)(float* values, std::size_t n, float factor);
};

/** The fastest table that this processor can run, chosen once. */
const Kernels& kernels();

/**
 * The tables that this processor can run, slowest first: "scalar", then "avx2", "avx512",
 * "avx512vnni" on x86-64, or "neon", "neondot" on aarch64.
 */
std::vector<const Kernels*> available_kernels();

/** Names of all tables that this build holds, those that the processor lacks included. */
std::vector<std::string_view> built_kernels();

}  // namespace vdb
