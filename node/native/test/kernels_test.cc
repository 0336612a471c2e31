#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

using namespace vdb;

namespace {

const Kernels& reference() { return *available_kernels().front(); }

/** Every dimension around the widths of registers, and a few of real models. */
std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t n = 0; n <= 160; n++) all.push_back(n);
  for (std::size_t n : {191u, 255u, 256u, 300u, 383u, 384u, 385u, 512u, 768u, 1000u, 1536u, 4099u}) all.push_back(n);
  return all;
}

/** A heap block of exactly n elements at an odd alignment, so that the sanitizer sees reads past the end. */
template <class T>
struct Exact {
  explicit Exact(std::size_t n) : n(n), bytes(n * sizeof(T) + 1) {}
  T* data() { return reinterpret_cast<T*>(bytes.data() + bytes.size() - n * sizeof(T)); }
  T& operator[](std::size_t i) { return data()[i]; }
  std::size_t n;
  std::vector<std::uint8_t> bytes;
};

struct Sample {
  Sample(std::size_t n, std::mt19937& random, float spread)
      : a(n), b(n), half(n), byte(n), code_a(n), code_b(n) {
    std::normal_distribution<float> normal(0.3f, spread);
    for (std::size_t i = 0; i < n; i++) {
      a[i] = normal(random);
      b[i] = normal(random);
      byte[i] = static_cast<std::uint8_t>(random());
      code_a[i] = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
      code_b[i] = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
    }
    reference().f32_to_f16(b.data(), n, half.data());
  }
  std::vector<float> a, b;
  std::vector<std::uint16_t> half;
  std::vector<std::uint8_t> byte;
  std::vector<std::int8_t> code_a, code_b;
};

bool close(float x, float y, float magnitude) { return std::fabs(x - y) <= 1e-5f * (magnitude + 1); }

float bound(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); i++) sum += std::fabs(a[i] * b[i]) + a[i] * a[i] + b[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE("every table that this build holds either runs here or is reported as skipped") {
  const auto available = available_kernels();
  REQUIRE(!available.empty());
  CHECK(available.front()->name == "scalar");
  CHECK(kernels().name == available.back()->name);
  for (std::string_view name : built_kernels()) {
    bool runs = false;
    for (const Kernels* table : available) runs = runs || table->name == name;
    if (!runs) MESSAGE("skipped: this processor lacks ", std::string(name));
  }
}

TEST_CASE("float distances agree with the scalar table") {
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    std::mt19937 random(7);
    for (std::size_t n : dimensions()) {
      CAPTURE(n);
      Sample s(n, random, 1.5f);
      const float magnitude = bound(s.a, s.b);
      std::vector<float> bytes(n);
      reference().u8_to_f32(s.byte.data(), n, bytes.data());
      const float byte_magnitude = bound(s.a, bytes);
      const Kernels& r = reference();
      CHECK(close(table->dot_f32(s.a.data(), s.b.data(), n), r.dot_f32(s.a.data(), s.b.data(), n), magnitude));
      CHECK(close(table->l2_f32(s.a.data(), s.b.data(), n), r.l2_f32(s.a.data(), s.b.data(), n), magnitude));
      CHECK(close(table->l1_f32(s.a.data(), s.b.data(), n), r.l1_f32(s.a.data(), s.b.data(), n), magnitude));
      CHECK(close(table->dot_f16(s.a.data(), s.half.data(), n), r.dot_f16(s.a.data(), s.half.data(), n), magnitude));
      CHECK(close(table->l2_f16(s.a.data(), s.half.data(), n), r.l2_f16(s.a.data(), s.half.data(), n), magnitude));
      CHECK(close(table->l1_f16(s.a.data(), s.half.data(), n), r.l1_f16(s.a.data(), s.half.data(), n), magnitude));
      CHECK(close(table->dot_u8(s.a.data(), s.byte.data(), n), r.dot_u8(s.a.data(), s.byte.data(), n), byte_magnitude));
      CHECK(close(table->l2_u8(s.a.data(), s.byte.data(), n), r.l2_u8(s.a.data(), s.byte.data(), n), byte_magnitude));
      CHECK(close(table->l1_u8(s.a.data(), s.byte.data(), n), r.l1_u8(s.a.data(), s.byte.data(), n), byte_magnitude));
    }
  }
}

TEST_CASE("int8 products are exact, one by one and many at once") {
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    std::mt19937 random(11);
    for (std::size_t n : dimensions()) {
      CAPTURE(n);
      std::vector<Sample> samples;
      for (int i = 0; i < 11; i++) samples.emplace_back(n, random, 1.0f);
      for (std::size_t i = 0; i < n; i++) {
        samples[0].code_a[i] = 127;
        samples[1].code_b[i] = -127;
        samples[2].code_b[i] = 127;
      }
      const std::int8_t* query = samples[0].code_a.data();
      for (std::size_t count = 0; count <= samples.size(); count++) {
        std::vector<const std::int8_t*> rows;
        for (std::size_t i = 0; i < count; i++) rows.push_back(samples[i].code_b.data());
        std::vector<std::int32_t> products(count);
        table->dot_i8_rows(query, rows.data(), count, n, products.data());
        for (std::size_t i = 0; i < count; i++) {
          const std::int32_t expected = reference().dot_i8(query, rows[i], n);
          REQUIRE(products[i] == expected);
          REQUIRE(table->dot_i8(query, rows[i], n) == expected);
        }
      }
    }
  }
}

TEST_CASE("the largest dimension does not overflow an int8 product") {
  const std::vector<std::int8_t> ones(65536, 127);
  const std::vector<std::int8_t> minus(65536, -127);
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    CHECK(table->dot_i8(ones.data(), ones.data(), ones.size()) == 65536 * 127 * 127);
    CHECK(table->dot_i8(ones.data(), minus.data(), ones.size()) == -65536 * 127 * 127);
  }
}

TEST_CASE("quantisation gives the same code and scale in every table") {
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    std::mt19937 random(13);
    for (std::size_t n : dimensions()) {
      CAPTURE(n);
      Sample s(n, random, 3.0f);
      std::vector<std::int8_t> code(n), expected(n);
      const float scale = table->quantize(s.a.data(), n, code.data());
      CHECK(scale == reference().quantize(s.a.data(), n, expected.data()));
      CHECK(code == expected);
      for (std::size_t i = 0; i < n; i++) {
        REQUIRE(code[i] >= -127);
        REQUIRE(std::fabs(static_cast<float>(code[i]) * scale - s.a[i]) <= 0.501f * scale);
      }
    }
  }
}

TEST_CASE("rows without a finite scale get a code of zeros") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float strange[] = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity, 0.0f, 1e-40f, -1e-37f};
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    for (std::size_t n : {1u, 7u, 16u, 33u, 384u})
      for (float value : strange)
        for (std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
          std::vector<float> values(n, std::isfinite(value) ? 0.0f : 1.0f);
          values[at] = value;
          std::vector<std::int8_t> code(n, 55);
          CHECK(table->quantize(values.data(), n, code.data()) == 0);
          CHECK(code == std::vector<std::int8_t>(n, 0));
        }
  }
}

TEST_CASE("every float16 widens to the same float32 and comes back") {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); i++) halves[i] = static_cast<std::uint16_t>(i);
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    std::vector<float> wide(halves.size()), expected(halves.size());
    table->f16_to_f32(halves.data(), halves.size(), wide.data());
    reference().f16_to_f32(halves.data(), halves.size(), expected.data());
    std::vector<std::uint16_t> back(halves.size());
    table->f32_to_f16(wide.data(), wide.size(), back.data());
    for (std::size_t i = 0; i < halves.size(); i++) {
      if (std::isnan(expected[i])) {
        REQUIRE(std::isnan(wide[i]));
        continue;
      }
      REQUIRE(std::bit_cast<std::uint32_t>(wide[i]) == std::bit_cast<std::uint32_t>(expected[i]));
      REQUIRE(back[i] == halves[i]);
    }
  }
}

TEST_CASE("float32 rounds to the nearest float16, ties to even, as in every table") {
  std::mt19937 random(17);
  std::vector<float> values = {0.0f, -0.0f, 65504.0f, 65519.996f, 65520.0f, 1e30f, -1e30f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f,
                               0x1.000002p-25f, 0x1p-14f, 0x1.ffcp-15f, 1.0f + 0x1p-11f, 1.0f + 0x1.8p-10f};
  for (int i = 0; i < 100000; i++) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isnan(value)) values.push_back(value);
  }
  std::vector<std::uint16_t> expected(values.size());
  reference().f32_to_f16(values.data(), values.size(), expected.data());
  CHECK(expected[2] == 0x7bff);
  CHECK(expected[3] == 0x7bff);
  CHECK(expected[4] == 0x7c00);
  CHECK(expected[7] == 1);
  CHECK(expected[8] == 0);
  CHECK(expected[9] == 1);
  CHECK(expected[13] == 0x3c00);
  CHECK(expected[14] == 0x3c02);
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    std::vector<std::uint16_t> halves(values.size());
    table->f32_to_f16(values.data(), values.size(), halves.data());
    CHECK(halves == expected);
  }
}

TEST_CASE("uint8 conversion cuts towards zero and clamps") {
  const std::vector<float> values = {-5, -0.5f, 0, 0.99f, 1, 254.9f, 255, 300, 1e30f, std::numeric_limits<float>::quiet_NaN()};
  const std::vector<std::uint8_t> expected = {0, 0, 0, 0, 1, 254, 255, 255, 255, 0};
  for (const Kernels* table : available_kernels()) {
    std::vector<std::uint8_t> bytes(values.size());
    table->f32_to_u8(values.data(), values.size(), bytes.data());
    CHECK(bytes == expected);
  }
}

TEST_CASE("nothing is read or written past the end") {
  for (const Kernels* table : available_kernels()) {
    CAPTURE(std::string(table->name));
    for (std::size_t n = 1; n <= 130; n++) {
      std::vector<float> a(n, 1.0f), wide(n);
      std::vector<std::uint16_t> halves(n);
      std::vector<std::uint8_t> bytes(n, 3);
      Exact<std::int8_t> code(n);
      std::memset(code.data(), 0, n);
      CHECK(table->quantize(a.data(), n, code.data()) == 1.0f / 127.0f);
      CHECK(table->dot_i8(code.data(), code.data(), n) == static_cast<std::int32_t>(n) * 127 * 127);
      table->f32_to_f16(a.data(), n, halves.data());
      table->f16_to_f32(halves.data(), n, wide.data());
      CHECK(wide == a);
      CHECK(table->dot_u8(a.data(), bytes.data(), n) == static_cast<float>(3 * n));
      CHECK(table->dot_f16(a.data(), halves.data(), n) == static_cast<float>(n));
      CHECK(table->l1_u8(a.data(), bytes.data(), n) == static_cast<float>(2 * n));
    }
  }
}
