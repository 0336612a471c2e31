// What is read from a row and written again, as when a shard is copied to another replica, keeps its bytes.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "rows/row_space.h"
#include "test/temporary_directory.h"

using namespace vdb;

namespace {

constexpr Distance kDistances[] = {Distance::kCosine, Distance::kDot, Distance::kEuclid, Distance::kManhattan};
constexpr RowType kTypes[] = {RowType::kFloat32, RowType::kFloat16, RowType::kUint8};

std::vector<float> strange_vector(std::mt19937& random, std::size_t dimension) {
  // From vectors of one large component to vectors of equal ones, of lengths that squares of float32 cannot hold.
  const float magnitude = std::exp2(std::uniform_real_distribution<float>(-70, 70)(random));
  const float spread = std::exp2(std::uniform_real_distribution<float>(-10, 3)(random));
  std::lognormal_distribution<float> sizes(0, spread);
  std::vector<float> vector(dimension);
  for (float& value : vector) value = (random() % 2 == 0 ? 1.0f : -1.0f) * std::min(sizes(random), 1e15f) * magnitude;
  return vector;
}

std::vector<std::uint8_t> bytes_of(const RowSpace& rows, std::uint32_t row) {
  return {rows.row_bytes(row), rows.row_bytes(row) + rows.spec().row_bytes()};
}

}  // namespace

TEST_CASE("a row that is read and appended again keeps its bytes") {
  std::mt19937 random(5);
  for (const Distance distance : kDistances)
    for (const RowType type : kTypes)
      for (const std::uint32_t dimension : {1u, 2u, 3u, 7u, 12u, 64u, 129u, 384u, 1536u, 4096u}) {
        CAPTURE(static_cast<int>(distance));
        CAPTURE(static_cast<int>(type));
        CAPTURE(dimension);
        TemporaryDirectory folder;
        RowSpace rows(folder / "rows.0", {dimension, distance, type});
        for (int i = 0; i < 40; i++) {
          const std::uint32_t first = rows.append(strange_vector(random, dimension), 0);
          std::vector<float> stored(dimension);
          rows.read(first, stored);
          const std::uint32_t second = rows.append(stored, 0);
          REQUIRE(bytes_of(rows, first) == bytes_of(rows, second));
        }
      }
}

TEST_CASE("Cosine rows have the length 1, whatever the length was") {
  std::mt19937 random(6);
  for (const std::uint32_t dimension : {1u, 12u, 384u, 4096u}) {
    TemporaryDirectory folder;
    RowSpace rows(folder / "rows.0", {dimension, Distance::kCosine, RowType::kFloat32});
    for (int i = 0; i < 40; i++) {
      std::vector<float> vector = strange_vector(random, dimension);
      rows.read(rows.append(vector, 0), vector);
      double squared = 0;
      for (const float value : vector) squared += static_cast<double>(value) * value;
      CHECK(std::sqrt(squared) == doctest::Approx(1).epsilon(1e-6));
    }
  }
}

TEST_CASE("a float16 vector that is nearly normalised by chance is normalised") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0", {2, Distance::kCosine, RowType::kFloat16});
  std::vector<float> vector{0.60024f, 0.80032f};
  rows.read(rows.append(vector, 0), vector);
  CHECK(vector == std::vector<float>{0x1.334p-1f, 0x1.998p-1f});
}

TEST_CASE("float16 rows hold the largest number in place of larger ones") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0", {4, Distance::kDot, RowType::kFloat16});
  std::vector<float> vector{1e6f, -3e38f, 65504.0f, -65519.0f};
  rows.read(rows.append(vector, 0), vector);
  CHECK(vector == std::vector<float>{65504.0f, -65504.0f, 65504.0f, -65504.0f});
}
