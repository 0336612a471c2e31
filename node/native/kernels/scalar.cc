#include <bit>
#include <cmath>

#include "kernels/tables.h"

namespace vdb {

namespace {

/** IEEE 754 binary32 to binary16, to nearest even. */
std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  const std::uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<std::uint16_t>(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  // 65,520 is half way between the largest binary16 number and what would be the next.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 puts the value's multiple of 2^-24 into the lowest bits, rounded by the addition.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000));
  }
  const std::uint32_t odd = magnitude >> 13 & 1;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13));
}

float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1f;
  const std::uint32_t mantissa = half & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | (mantissa != 0 ? 0x400000 : 0) | mantissa << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

float widen(float value) { return value; }
float widen(std::uint16_t value) { return from_half(value); }
float widen(std::uint8_t value) { return static_cast<float>(value); }

template <class Element>
float dot(const float* query, const Element* row, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; i++) sum += query[i] * widen(row[i]);
  return sum;
}

template <class Element>
float l2(const float* query, const Element* row, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; i++) {
    const float difference = query[i] - widen(row[i]);
    sum += difference * difference;
  }
  return sum;
}

template <class Element>
float l1(const float* query, const Element* row, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; i++) sum += std::fabs(query[i] - widen(row[i]));
  return sum;
}

std::int32_t dot_i8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

void dot_i8_rows(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count, std::size_t n,
                 std::int32_t* out) {
  for (std::size_t i = 0; i < count; i++) out[i] = dot_i8(query, rows[i], n);
}

float quantize(const float* values, std::size_t n, std::int8_t* code) {
  float largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < n; i++) {
    const float magnitude = std::fabs(values[i]);
    finite = finite && std::isfinite(magnitude);
    if (magnitude > largest) largest = magnitude;
  }
  if (!finite || largest < kQuantizableMin) {
    for (std::size_t i = 0; i < n; i++) code[i] = 0;
    return 0;
  }
  const float reciprocal = 127.0f / largest;
  for (std::size_t i = 0; i < n; i++) code[i] = static_cast<std::int8_t>(std::nearbyint(values[i] * reciprocal));
  return largest / 127.0f;
}

void f32_to_f16(const float* values, std::size_t n, std::uint16_t* out) {
  for (std::size_t i = 0; i < n; i++) out[i] = to_half(values[i]);
}

void f16_to_f32(const std::uint16_t* values, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; i++) out[i] = from_half(values[i]);
}

}  // namespace

namespace scalar {

void f32_to_u8(const float* values, std::size_t n, std::uint8_t* out) {
  for (std::size_t i = 0; i < n; i++) {
    // Comparisons with NaN are false, which makes it 0.
    const float floored = values[i] > 0 ? values[i] : 0;
    out[i] = static_cast<std::uint8_t>(floored < 255 ? floored : 255);
  }
}

void u8_to_f32(const std::uint8_t* values, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; i++) out[i] = static_cast<float>(values[i]);
}

void scale_f32(float* values, std::size_t n, float factor) {
  for (std::size_t i = 0; i < n; i++) values[i] *= factor;
}

}  // namespace scalar

const Kernels kScalarKernels = {
    .name = "scalar",
    .dot_f32 = dot<float>,
    .l2_f32 = l2<float>,
    .l1_f32 = l1<float>,
    .dot_f16 = dot<std::uint16_t>,
    .l2_f16 = l2<std::uint16_t>,
    .l1_f16 = l1<std::uint16_t>,
    .dot_u8 = dot<std::uint8_t>,
    .l2_u8 = l2<std::uint8_t>,
    .l1_u8 = l1<std::uint8_t>,
    .dot_i8 = dot_i8,
    .dot_i8_rows = dot_i8_rows,
    .quantize = quantize,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
    .f32_to_u8 = scalar::f32_to_u8,
    .u8_to_f32 = scalar::u8_to_f32,
    .scale_f32 = scalar::scale_f32,
};

}  // namespace vdb
