#if defined(__aarch64__)

#include <arm_neon.h>

#include "kernels/tables.h"

namespace vdb {

namespace {

/** How four elements of a row become floats. */
struct Float32 {
  using Element = float;
  static float32x4_t load(const Element* from) { return vld1q_f32(from); }
};

struct Float16 {
  using Element = std::uint16_t;
  static float32x4_t load(const Element* from) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from))); }
};

struct Uint8 {
  using Element = std::uint8_t;
  static float32x4_t load(const Element* from) {
    std::uint32_t packed;
    __builtin_memcpy(&packed, from, sizeof packed);
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(packed)))));
  }
};

/** Reads n < 4 elements and pads with zeros. */
template <class Row>
float32x4_t load_some(const typename Row::Element* from, std::size_t n) {
  typename Row::Element padded[4] = {};
  for (std::size_t i = 0; i < n; i++) padded[i] = from[i];
  return Row::load(padded);
}

struct Dot {
  static float32x4_t add(float32x4_t sum, float32x4_t a, float32x4_t b) { return vfmaq_f32(sum, a, b); }
};

struct SquaredDifference {
  static float32x4_t add(float32x4_t sum, float32x4_t a, float32x4_t b) {
    const float32x4_t difference = vsubq_f32(a, b);
    return vfmaq_f32(sum, difference, difference);
  }
};

struct AbsoluteDifference {
  static float32x4_t add(float32x4_t sum, float32x4_t a, float32x4_t b) { return vaddq_f32(sum, vabdq_f32(a, b)); }
};

/** Four chains of additions, because one would wait for the latency of each. */
template <class Sum, class Row>
float over(const float* query, const typename Row::Element* row, std::size_t n) {
  float32x4_t sums[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (std::size_t lane = 0; lane < 4; lane++)
      sums[lane] = Sum::add(sums[lane], vld1q_f32(query + i + 4 * lane), Row::load(row + i + 4 * lane));
  for (; i + 4 <= n; i += 4) sums[0] = Sum::add(sums[0], vld1q_f32(query + i), Row::load(row + i));
  if (i < n) sums[1] = Sum::add(sums[1], load_some<Float32>(query + i, n - i), load_some<Row>(row + i, n - i));
  return vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])));
}

std::int32_t tail_product(const std::int8_t* a, const std::int8_t* b, std::size_t from, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = from; i < n; i++) sum += a[i] * b[i];
  return sum;
}

std::int32_t dot_i8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
  int32x4_t low = vdupq_n_s32(0);
  int32x4_t high = vdupq_n_s32(0);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const int8x16_t x = vld1q_s8(a + i);
    const int8x16_t y = vld1q_s8(b + i);
    low = vpadalq_s16(low, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
    high = vpadalq_s16(high, vmull_high_s8(x, y));
  }
  return vaddvq_s32(vaddq_s32(low, high)) + tail_product(a, b, i, n);
}

void dot_i8_rows(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count, std::size_t n,
                 std::int32_t* out) {
  for (std::size_t r = 0; r < count; r++) out[r] = dot_i8(query, rows[r], n);
}

#define VDB_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

VDB_DOTPROD std::int32_t dot_i8_dotprod(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
  int32x4_t even = vdupq_n_s32(0);
  int32x4_t odd = vdupq_n_s32(0);
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    even = vdotq_s32(even, vld1q_s8(a + i), vld1q_s8(b + i));
    odd = vdotq_s32(odd, vld1q_s8(a + i + 16), vld1q_s8(b + i + 16));
  }
  for (; i + 16 <= n; i += 16) even = vdotq_s32(even, vld1q_s8(a + i), vld1q_s8(b + i));
  return vaddvq_s32(vaddq_s32(even, odd)) + tail_product(a, b, i, n);
}

VDB_DOTPROD void dot_i8_rows_dotprod(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count,
                                     std::size_t n, std::int32_t* out) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const int8x16_t part = vld1q_s8(query + i);
      for (std::size_t lane = 0; lane < 4; lane++) sums[lane] = vdotq_s32(sums[lane], part, vld1q_s8(rows[r + lane] + i));
    }
    for (std::size_t lane = 0; lane < 4; lane++)
      out[r + lane] = vaddvq_s32(sums[lane]) + tail_product(query, rows[r + lane], i, n);
  }
  for (; r < count; r++) out[r] = dot_i8_dotprod(query, rows[r], n);
}

#undef VDB_DOTPROD

/** Largest magnitude, or infinity when a component is not finite. */
float largest_magnitude(const float* values, std::size_t n) {
  const float32x4_t infinity = vdupq_n_f32(__builtin_inff());
  float32x4_t largest = vdupq_n_f32(0);
  uint32x4_t usual = vdupq_n_u32(0xffffffff);
  for (std::size_t i = 0; i < n; i += 4) {
    const float32x4_t magnitude = vabsq_f32(i + 4 <= n ? vld1q_f32(values + i) : load_some<Float32>(values + i, n - i));
    usual = vandq_u32(usual, vcltq_f32(magnitude, infinity));
    largest = vmaxq_f32(largest, magnitude);
  }
  return vminvq_u32(usual) == 0 ? __builtin_inff() : vmaxvq_f32(largest);
}

float quantize(const float* values, std::size_t n, std::int8_t* code) {
  const float largest = largest_magnitude(values, n);
  if (largest < kQuantizableMin || largest == __builtin_inff()) {
    for (std::size_t i = 0; i < n; i++) code[i] = 0;
    return 0;
  }
  const float reciprocal = 127.0f / largest;
  for (std::size_t i = 0; i < n; i += 4) {
    const std::size_t take = i + 4 <= n ? 4 : n - i;
    const float32x4_t part = take == 4 ? vld1q_f32(values + i) : load_some<Float32>(values + i, take);
    std::int32_t rounded[4];
    vst1q_s32(rounded, vcvtnq_s32_f32(vmulq_n_f32(part, reciprocal)));
    for (std::size_t j = 0; j < take; j++) code[i + j] = static_cast<std::int8_t>(rounded[j]);
  }
  return largest / 127.0f;
}

void f32_to_f16(const float* values, std::size_t n, std::uint16_t* out) {
  for (std::size_t i = 0; i < n; i += 4) {
    const std::size_t take = i + 4 <= n ? 4 : n - i;
    const float32x4_t part = take == 4 ? vld1q_f32(values + i) : load_some<Float32>(values + i, take);
    std::uint16_t halves[4];
    vst1_u16(halves, vreinterpret_u16_f16(vcvt_f16_f32(part)));
    for (std::size_t j = 0; j < take; j++) out[i + j] = halves[j];
  }
}

void f16_to_f32(const std::uint16_t* values, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; i += 4) {
    const std::size_t take = i + 4 <= n ? 4 : n - i;
    float floats[4];
    vst1q_f32(floats, take == 4 ? Float16::load(values + i) : load_some<Float16>(values + i, take));
    for (std::size_t j = 0; j < take; j++) out[i + j] = floats[j];
  }
}

constexpr Kernels table(std::string_view name, decltype(Kernels::dot_i8) dot, decltype(Kernels::dot_i8_rows) dot_rows) {
  return {
      .name = name,
      .dot_f32 = over<Dot, Float32>,
      .l2_f32 = over<SquaredDifference, Float32>,
      .l1_f32 = over<AbsoluteDifference, Float32>,
      .dot_f16 = over<Dot, Float16>,
      .l2_f16 = over<SquaredDifference, Float16>,
      .l1_f16 = over<AbsoluteDifference, Float16>,
      .dot_u8 = over<Dot, Uint8>,
      .l2_u8 = over<SquaredDifference, Uint8>,
      .l1_u8 = over<AbsoluteDifference, Uint8>,
      .dot_i8 = dot,
      .dot_i8_rows = dot_rows,
      .quantize = quantize,
      .f32_to_f16 = f32_to_f16,
      .f16_to_f32 = f16_to_f32,
      .f32_to_u8 = scalar::f32_to_u8,
      .u8_to_f32 = scalar::u8_to_f32,
      .scale_f32 = scalar::scale_f32,
  };
}

}  // namespace

constinit const Kernels kNeonKernels = table("neon", dot_i8, dot_i8_rows);
constinit const Kernels kNeonDotKernels = table("neondot", dot_i8_dotprod, dot_i8_rows_dotprod);

}  // namespace vdb

#endif
