#if defined(__x86_64__)

// GCC 11 and 12 take the deliberately undefined operands inside these intrinsics for mistakes of
// their callers (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <immintrin.h>

#include "kernels/tables.h"

#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")

namespace vdb {

namespace {

__mmask16 first16(std::size_t n) { return static_cast<__mmask16>((1u << n) - 1); }
__mmask32 first32(std::size_t n) { return static_cast<__mmask32>((std::uint64_t{1} << n) - 1); }
__mmask64 first64(std::size_t n) { return (std::uint64_t{1} << n) - 1; }

/** How sixteen elements of a row become floats; those outside `mask` are not read and count as zero. */
struct Float32 {
  using Element = float;
  static __m512 load(const Element* from) { return _mm512_loadu_ps(from); }
  static __m512 load(const Element* from, __mmask16 mask) { return _mm512_maskz_loadu_ps(mask, from); }
};

struct Float16 {
  using Element = std::uint16_t;
  static __m512 load(const Element* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static __m512 load(const Element* from, __mmask16 mask) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, from));
  }
};

struct Uint8 {
  using Element = std::uint8_t;
  static __m512 load(const Element* from) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static __m512 load(const Element* from, __mmask16 mask) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from)));
  }
};

struct Dot {
  static __m512 add(__m512 sum, __m512 a, __m512 b) { return _mm512_fmadd_ps(a, b, sum); }
};

struct SquaredDifference {
  static __m512 add(__m512 sum, __m512 a, __m512 b) {
    const __m512 difference = _mm512_sub_ps(a, b);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};

struct AbsoluteDifference {
  static __m512 add(__m512 sum, __m512 a, __m512 b) { return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(a, b))); }
};

/** Four chains of additions, because one would wait for the latency of each. */
template <class Sum, class Row>
float over(const float* query, const typename Row::Element* row, std::size_t n) {
  __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    sums[0] = Sum::add(sums[0], _mm512_loadu_ps(query + i), Row::load(row + i));
    sums[1] = Sum::add(sums[1], _mm512_loadu_ps(query + i + 16), Row::load(row + i + 16));
    sums[2] = Sum::add(sums[2], _mm512_loadu_ps(query + i + 32), Row::load(row + i + 32));
    sums[3] = Sum::add(sums[3], _mm512_loadu_ps(query + i + 48), Row::load(row + i + 48));
  }
  for (; i + 16 <= n; i += 16) sums[0] = Sum::add(sums[0], _mm512_loadu_ps(query + i), Row::load(row + i));
  if (i < n) {
    const __mmask16 mask = first16(n - i);
    sums[1] = Sum::add(sums[1], Float32::load(query + i, mask), Row::load(row + i, mask));
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

/** Without VNNI the int8 product widens to 16 bits. */
__m512i widened(const std::int8_t* from) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
__m512i widened(const std::int8_t* from, std::size_t n) {
  return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(first32(n), from));
}

std::int32_t dot_i8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
  __m512i sum = _mm512_setzero_si512();
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) sum = _mm512_add_epi32(sum, _mm512_madd_epi16(widened(a + i), widened(b + i)));
  if (i < n) sum = _mm512_add_epi32(sum, _mm512_madd_epi16(widened(a + i, n - i), widened(b + i, n - i)));
  return _mm512_reduce_add_epi32(sum);
}

void dot_i8_rows(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count, std::size_t n,
                 std::int32_t* out) {
  for (std::size_t r = 0; r < count; r++) out[r] = dot_i8(query, rows[r], n);
}

float quantize(const float* values, std::size_t n, std::int8_t* code) {
  const __m512 infinity = _mm512_set1_ps(__builtin_inff());
  __m512 largest_lanes = _mm512_setzero_ps();
  __mmask16 strange = 0;
  for (std::size_t i = 0; i < n; i += 16) {
    const __m512 magnitude = _mm512_abs_ps(Float32::load(values + i, n - i >= 16 ? first16(16) : first16(n - i)));
    strange |= _mm512_cmp_ps_mask(magnitude, infinity, _CMP_NLT_UQ);
    largest_lanes = _mm512_max_ps(largest_lanes, magnitude);
  }
  const float largest = _mm512_reduce_max_ps(largest_lanes);
  if (strange != 0 || largest < kQuantizableMin) {
    for (std::size_t i = 0; i < n; i++) code[i] = 0;
    return 0;
  }
  const __m512 reciprocal = _mm512_set1_ps(127.0f / largest);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = n - i >= 16 ? first16(16) : first16(n - i);
    const __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(Float32::load(values + i, mask), reciprocal));
    _mm_mask_storeu_epi8(code + i, mask, _mm512_cvtsepi32_epi8(rounded));
  }
  return largest / 127.0f;
}

void f32_to_f16(const float* values, std::size_t n, std::uint16_t* out) {
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = n - i >= 16 ? first16(16) : first16(n - i);
    _mm256_mask_storeu_epi16(out + i, mask, _mm512_cvtps_ph(Float32::load(values + i, mask), _MM_FROUND_TO_NEAREST_INT));
  }
}

void f16_to_f32(const std::uint16_t* values, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 mask = n - i >= 16 ? first16(16) : first16(n - i);
    _mm512_mask_storeu_ps(out + i, mask, Float16::load(values + i, mask));
  }
}

#pragma GCC push_options
#pragma GCC target("avx512vnni")

/**
 * a x b with an instruction that multiplies unsigned by signed: (a + 128) x b - 128 x b, the second
 * product in the same way. One more instruction per 64 bytes than with sums of codes kept in memory,
 * and nothing more to fetch.
 */
struct Vnni {
  __m512i biased;
  __m512i excess;

  // Not the implicit constructor: the compiler would make it without the instruction set.
  static Vnni zero() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }

  void add(__m512i a, __m512i b) {
    const __m512i bias = _mm512_set1_epi8(-128);
    biased = _mm512_dpbusd_epi32(biased, _mm512_xor_si512(a, bias), b);
    excess = _mm512_dpbusd_epi32(excess, bias, b);
  }
  std::int32_t total() const { return _mm512_reduce_add_epi32(_mm512_sub_epi32(biased, excess)); }
};

std::int32_t dot_i8_vnni(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
  Vnni products = Vnni::zero();
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) products.add(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
  if (i < n) {
    const __mmask64 mask = first64(n - i);
    products.add(_mm512_maskz_loadu_epi8(mask, a + i), _mm512_maskz_loadu_epi8(mask, b + i));
  }
  return products.total();
}

void four_rows_vnni(const std::int8_t* query, const std::int8_t* const* rows, std::size_t n, std::int32_t* out) {
  Vnni products[4] = {Vnni::zero(), Vnni::zero(), Vnni::zero(), Vnni::zero()};
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const __m512i part = _mm512_loadu_si512(query + i);
    for (int lane = 0; lane < 4; lane++) products[lane].add(part, _mm512_loadu_si512(rows[lane] + i));
  }
  if (i < n) {
    const __mmask64 mask = first64(n - i);
    const __m512i part = _mm512_maskz_loadu_epi8(mask, query + i);
    for (int lane = 0; lane < 4; lane++) products[lane].add(part, _mm512_maskz_loadu_epi8(mask, rows[lane] + i));
  }
  for (int lane = 0; lane < 4; lane++) out[lane] = products[lane].total();
}

void dot_i8_rows_vnni(const std::int8_t* query, const std::int8_t* const* rows, std::size_t count, std::size_t n,
                      std::int32_t* out) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) four_rows_vnni(query, rows + r, n, out + r);
  for (; r < count; r++) out[r] = dot_i8_vnni(query, rows[r], n);
}

#pragma GCC pop_options

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

constinit const Kernels kAvx512Kernels = table("avx512", dot_i8, dot_i8_rows);
constinit const Kernels kAvx512VnniKernels = table("avx512vnni", dot_i8_vnni, dot_i8_rows_vnni);

}  // namespace vdb

#endif
