#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/tables.h"

#pragma GCC target("avx2,fma,f16c")

namespace vdb {

namespace {

/** How eight elements of a row become floats. `load_some` reads n < 8 and pads with zeros. */
struct Float32 {
  using Element = float;
  static __m256 load(const Element* from) { return _mm256_loadu_ps(from); }
  static __m256 load_some(const Element* from, std::size_t n) {
    alignas(32) float padded[8] = {};
    for (std::size_t i = 0; i < n; i++) padded[i] = from[i];
    return _mm256_load_ps(padded);
  }
};

struct Float16 {
  using Element = std::uint16_t;
  static __m256 load(const Element* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static __m256 load_some(const Element* from, std::size_t n) {
    alignas(16) std::uint16_t padded[8] = {};
    for (std::size_t i = 0; i < n; i++) padded[i] = from[i];
    return load(padded);
  }
};

struct Uint8 {
  using Element = std::uint8_t;
  static __m256 load(const Element* from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
  }
  static __m256 load_some(const Element* from, std::size_t n) {
    alignas(8) std::uint8_t padded[8] = {};
    for (std::size_t i = 0; i < n; i++) padded[i] = from[i];
    return load(padded);
  }
};

struct Dot {
  static __m256 add(__m256 sum, __m256 a, __m256 b) { return _mm256_fmadd_ps(a, b, sum); }
};

struct SquaredDifference {
  static __m256 add(__m256 sum, __m256 a, __m256 b) {
    const __m256 difference = _mm256_sub_ps(a, b);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
};

struct AbsoluteDifference {
  static __m256 add(__m256 sum, __m256 a, __m256 b) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return _mm256_add_ps(sum, _mm256_andnot_ps(sign, _mm256_sub_ps(a, b)));
  }
};

float total(__m256 sums) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
}

/** Four chains of additions, because one would wait for the latency of each. */
template <class Sum, class Row>
float over(const float* query, const typename Row::Element* row, std::size_t n) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    sums[0] = Sum::add(sums[0], _mm256_loadu_ps(query + i), Row::load(row + i));
    sums[1] = Sum::add(sums[1], _mm256_loadu_ps(query + i + 8), Row::load(row + i + 8));
    sums[2] = Sum::add(sums[2], _mm256_loadu_ps(query + i + 16), Row::load(row + i + 16));
    sums[3] = Sum::add(sums[3], _mm256_loadu_ps(query + i + 24), Row::load(row + i + 24));
  }
  for (; i + 8 <= n; i += 8) sums[0] = Sum::add(sums[0], _mm256_loadu_ps(query + i), Row::load(row + i));
  if (i < n) sums[1] = Sum::add(sums[1], Float32::load_some(query + i, n - i), Row::load_some(row + i, n - i));
  return total(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

std::int32_t total(__m256i sums) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

__m256i bytes(const std::int8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

/**
 * a x b as |a| x (b with the sign of a), since the instruction multiplies unsigned by signed. Its
 * pairs are 16-bit sums of at most 2 x 127 x 127, which fit.
 */
__m256i add_products(__m256i sums, __m256i a, __m256i b) {
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
  return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

std::int32_t tail_product(const std::int8_t* a, const std::int8_t* b, std::size_t from, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = from; i < n; i++) sum += a[i] * b[i];
  return sum;
}

std::int32_t dot_i8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    even = add_products(even, bytes(a + i), bytes(b + i));
    odd = add_products(odd, bytes(a + i + 32), bytes(b + i + 32));
  }
  for (; i + 32 <= n; i += 32) even = add_products(even, bytes(a + i), bytes(b + i));
  return total(_mm256_add_epi32(even, odd)) + tail_product(a, b, i, n);
}

void dot_i8_rows(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count, std::size_t n,
                 std::int32_t* out) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
      const __m256i part = bytes(query + i);
      for (std::size_t lane = 0; lane < 4; lane++) sums[lane] = add_products(sums[lane], part, bytes(rows[r + lane] + i));
    }
    for (std::size_t lane = 0; lane < 4; lane++)
      out[r + lane] = total(sums[lane]) + tail_product(query, rows[r + lane], i, n);
  }
  for (; r < count; r++) out[r] = dot_i8(query, rows[r], n);
}

/** Largest magnitude, or infinity when a component is not finite. */
float largest_magnitude(const float* values, std::size_t n) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  const __m256 infinity = _mm256_set1_ps(__builtin_inff());
  __m256 largest = _mm256_setzero_ps();
  __m256 strange = _mm256_setzero_ps();
  for (std::size_t i = 0; i < n; i += 8) {
    const __m256 part = i + 8 <= n ? _mm256_loadu_ps(values + i) : Float32::load_some(values + i, n - i);
    const __m256 magnitude = _mm256_andnot_ps(sign, part);
    strange = _mm256_or_ps(strange, _mm256_cmp_ps(magnitude, infinity, _CMP_NLT_UQ));
    largest = _mm256_max_ps(largest, magnitude);
  }
  if (_mm256_movemask_ps(strange) != 0) return __builtin_inff();
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, largest);
  float result = 0;
  for (const float lane : lanes) result = lane > result ? lane : result;
  return result;
}

__m128i eight_codes(__m256 part, __m256 reciprocal) {
  const __m256i rounded = _mm256_cvtps_epi32(_mm256_mul_ps(part, reciprocal));
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
  return _mm_packs_epi16(words, words);
}

float quantize(const float* values, std::size_t n, std::int8_t* code) {
  const float largest = largest_magnitude(values, n);
  if (largest < kQuantizableMin || largest == __builtin_inff()) {
    for (std::size_t i = 0; i < n; i++) code[i] = 0;
    return 0;
  }
  const __m256 reciprocal = _mm256_set1_ps(127.0f / largest);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storel_epi64(reinterpret_cast<__m128i*>(code + i), eight_codes(_mm256_loadu_ps(values + i), reciprocal));
  if (i < n) {
    alignas(16) std::int8_t last[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(last), eight_codes(Float32::load_some(values + i, n - i), reciprocal));
    for (std::size_t j = 0; i + j < n; j++) code[i + j] = last[j];
  }
  return largest / 127.0f;
}

void f32_to_f16(const float* values, std::size_t n, std::uint16_t* out) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(values + i), _MM_FROUND_TO_NEAREST_INT));
  if (i < n) {
    alignas(16) std::uint16_t last[8];
    _mm_store_si128(reinterpret_cast<__m128i*>(last),
                    _mm256_cvtps_ph(Float32::load_some(values + i, n - i), _MM_FROUND_TO_NEAREST_INT));
    for (std::size_t j = 0; i + j < n; j++) out[i + j] = last[j];
  }
}

void f16_to_f32(const std::uint16_t* values, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, Float16::load(values + i));
  if (i < n) {
    alignas(32) float last[8];
    _mm256_store_ps(last, Float16::load_some(values + i, n - i));
    for (std::size_t j = 0; i + j < n; j++) out[i + j] = last[j];
  }
}

}  // namespace

const Kernels kAvx2Kernels = {
    .name = "avx2",
    .dot_f32 = over<Dot, Float32>,
    .l2_f32 = over<SquaredDifference, Float32>,
    .l1_f32 = over<AbsoluteDifference, Float32>,
    .dot_f16 = over<Dot, Float16>,
    .l2_f16 = over<SquaredDifference, Float16>,
    .l1_f16 = over<AbsoluteDifference, Float16>,
    .dot_u8 = over<Dot, Uint8>,
    .l2_u8 = over<SquaredDifference, Uint8>,
    .l1_u8 = over<AbsoluteDifference, Uint8>,
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

#endif
