#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "io/file.h"
#include "rows/row_space.h"
#include "rows/top_k.h"
#include "test/temporary_directory.h"

using namespace vdb;

namespace {

std::vector<float> random_vector(std::mt19937& random, std::size_t dimension, float spread = 1) {
  std::normal_distribution<float> normal(0.1f, spread);
  std::vector<float> vector(dimension);
  for (float& value : vector) value = normal(random);
  return vector;
}

double exact_score(Distance distance, const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, l2 = 0, l1 = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); i++) {
    const double x = a[i], y = b[i];
    dot += x * y;
    l2 += (x - y) * (x - y);
    l1 += std::fabs(x - y);
    aa += x * x;
    bb += y * y;
  }
  switch (distance) {
    case Distance::kCosine: return aa == 0 || bb == 0 ? 0 : dot / std::sqrt(aa * bb);
    case Distance::kDot: return dot;
    case Distance::kEuclid: return std::sqrt(l2);
    case Distance::kManhattan: return l1;
  }
  return 0;
}

constexpr Distance kDistances[] = {Distance::kCosine, Distance::kDot, Distance::kEuclid, Distance::kManhattan};
constexpr RowType kTypes[] = {RowType::kFloat32, RowType::kFloat16, RowType::kUint8};

std::vector<float> of_type(RowType type, std::vector<float> vector) {
  if (type == RowType::kUint8)
    for (float& value : vector) value = std::floor(std::fabs(value) * 60);
  return vector;
}

}  // namespace

TEST_CASE("scores of every distance and type agree with the definition") {
  for (const Distance distance : kDistances)
    for (const RowType type : kTypes)
      for (const std::uint32_t dimension : {1u, 37u, 100u, 384u}) {
        CAPTURE(static_cast<int>(distance));
        CAPTURE(static_cast<int>(type));
        CAPTURE(dimension);
        TemporaryDirectory folder;
        RowSpace rows(folder / "rows.0.f32", {dimension, distance, type});
        std::mt19937 random(dimension);
        std::vector<std::vector<float>> vectors;
        for (std::uint32_t i = 0; i < 40; i++) {
          vectors.push_back(of_type(type, random_vector(random, dimension)));
          CHECK(rows.append(vectors.back(), i) == i);
        }
        const std::vector<float> wanted = of_type(type, random_vector(random, dimension));
        const Query query = rows.prepare(wanted);
        const double tolerance = type == RowType::kFloat16 ? 4e-3 : 1e-5;
        for (std::uint32_t row = 0; row < rows.rows(); row++) {
          const double expected = exact_score(distance, wanted, vectors[row]);
          double magnitude = 1;
          for (const float value : vectors[row]) magnitude += std::fabs(value) * (distance == Distance::kDot ? 60 : 1);
          CHECK(std::fabs(rows.api_score(rows.score_exact(query, row)) - expected) <=
                tolerance * (distance == Distance::kCosine ? 1 : magnitude));
        }
      }
}

TEST_CASE("code distances approximate exact ones in the same unit") {
  for (const Distance distance : {Distance::kCosine, Distance::kDot, Distance::kEuclid})
    for (const RowType type : kTypes) {
      CAPTURE(static_cast<int>(distance));
      CAPTURE(static_cast<int>(type));
      TemporaryDirectory folder;
      RowSpace rows(folder / "rows.0.f32", {100, distance, type});
      REQUIRE(rows.has_codes());
      std::mt19937 random(5);
      for (std::uint32_t i = 0; i < 200; i++) rows.append(of_type(type, random_vector(random, 100, 1.0f + i % 7)), i);
      const Query query = rows.prepare(of_type(type, random_vector(random, 100)));
      std::vector<std::uint32_t> all;
      float largest = 0;
      for (std::uint32_t row = 0; row < rows.rows(); row++) {
        all.push_back(row);
        largest = std::max(largest, std::fabs(rows.score_exact(query, row)));
      }
      std::vector<float> codes(all.size()), exact(all.size());
      rows.score_code_rows(query, all, codes.data());
      rows.score_exact_rows(query, all, exact.data());
      for (const std::uint32_t row : all) {
        CHECK(codes[row] == rows.score_code(query, row));
        CHECK(exact[row] == rows.score_exact(query, row));
        CHECK(std::fabs(codes[row] - exact[row]) <= 0.03f * largest + 0.02f);
      }
    }
}

TEST_CASE("distances from a stored row are those of its vector, for Dot squared differences too") {
  struct Case {
    Distance distance;
    Query::Form form;
    Distance between;
  };
  using enum Distance;
  using enum Query::Form;
  for (const auto& [distance, form, between] :
       {Case{kCosine, kProduct, kCosine}, Case{kDot, kProduct, kDot}, Case{kDot, kSquared, kEuclid},
        Case{kEuclid, kSquared, kEuclid}, Case{kManhattan, kProduct, kManhattan}})
    for (const RowType type : kTypes) {
      CAPTURE(static_cast<int>(between));
      CAPTURE(static_cast<int>(type));
      TemporaryDirectory folder;
      TemporaryDirectory other_folder;
      RowSpace rows(folder / "rows.0.f32", {100, distance, type});
      RowSpace others(other_folder / "rows.0.f32", {100, between, type});
      std::mt19937 random(6);
      for (std::uint32_t i = 0; i < 20; i++) {
        const auto vector = of_type(type, random_vector(random, 100));
        rows.append(vector, i);
        others.append(vector, i);
      }
      Query from_row;
      std::vector<float> vector(100);
      for (std::uint32_t row = 0; row < 20; row++) {
        rows.read(row, vector);
        const Query query = others.prepare(vector);
        rows.prepare_from_row(row, false, form, from_row);
        CHECK(rows.score_exact(from_row, 9) == doctest::Approx(others.score_exact(query, 9)).epsilon(1e-4));
        if (!rows.has_codes()) continue;
        rows.prepare_from_row(row, true, form, from_row);
        CHECK(rows.score_code(from_row, 9) == doctest::Approx(others.score_code(query, 9)).epsilon(1e-3));
      }
    }
}

TEST_CASE("Manhattan keeps no codes") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0.f32", {16, Distance::kManhattan, RowType::kFloat32});
  CHECK(!rows.has_codes());
  CHECK(rows.code_row_bytes() == 0);
}

TEST_CASE("Cosine rows are stored normalised, and a zero vector stays zero") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0.f32", {3, Distance::kCosine, RowType::kFloat32});
  rows.append(std::vector<float>{3, 0, 4}, 0);
  rows.append(std::vector<float>{0, 0, 0}, 1);
  rows.append(std::vector<float>{3e30f, 0, 4e30f}, 2);
  rows.append(std::vector<float>{3e-30f, 0, 4e-30f}, 3);
  std::vector<float> vector(3);
  for (const std::uint32_t row : {0u, 2u, 3u}) {
    rows.read(row, vector);
    CHECK(vector[0] == doctest::Approx(0.6f));
    CHECK(vector[2] == doctest::Approx(0.8f));
  }
  rows.read(1, vector);
  CHECK(vector == std::vector<float>{0, 0, 0});
  const Query query = rows.prepare(std::vector<float>{1, 0, 0});
  CHECK(rows.api_score(rows.score_exact(query, 1)) == 0);
  CHECK(!std::signbit(rows.api_score(rows.score_exact(query, 1))));
}

TEST_CASE("thresholds in API scores become internal distances and back") {
  for (const Distance distance : kDistances)
    for (const float score : {0.0f, 0.25f, 0.9f, 17.3f}) {
      const float internal = internal_distance(distance, score);
      CHECK(api_score(distance, internal) == doctest::Approx(score));
    }
  CHECK(internal_distance(Distance::kEuclid, -1) < 0);
  CHECK(bigger_score_is_better(Distance::kDot));
  CHECK(!bigger_score_is_better(Distance::kManhattan));
}

TEST_CASE("rows, slots, liveness and scores survive reopening") {
  for (const RowType type : kTypes) {
    TemporaryDirectory folder;
    std::mt19937 random(3);
    std::vector<float> all;
    std::vector<std::uint32_t> slots;
    std::vector<std::uint64_t> live;
    std::vector<std::uint32_t> saved_slots;
    std::vector<float> scores;
    const std::vector<float> wanted = of_type(type, random_vector(random, 37));
    const RowSpec spec{37, Distance::kEuclid, type};
    {
      RowSpace rows(folder / "rows.0.f32", spec);
      for (std::uint32_t i = 0; i < 10000; i++) {
        const std::vector<float> vector = of_type(type, random_vector(random, 37));
        all.insert(all.end(), vector.begin(), vector.end());
        slots.push_back(i % 3 == 0 ? i : 20000 - i);
      }
      CHECK(rows.append_rows(std::span(all).first(5000 * 37), std::span(slots).first(5000)) == 0);
      CHECK(rows.append_rows(std::span(all).subspan(5000 * 37), std::span(slots).subspan(5000)) == 5000);
      for (std::uint32_t row = 0; row < 10000; row += 7) rows.retire(row);
      rows.retire(7);
      CHECK(rows.live_count() == 10000 - 1429);
      CHECK(!rows.slots_are_identity());
      rows.sync();
      live = rows.copy_live(9000);
      saved_slots = rows.copy_slots(9000);
      const Query query = rows.prepare(wanted);
      for (std::uint32_t row = 0; row < 9000; row++) scores.push_back(rows.score_code(query, row));
    }
    RowSpace rows(folder / "rows.0.f32", spec, {9000, saved_slots, live});
    CHECK(rows.rows() == 9000);
    rows.compute_codes(0, 4000);
    rows.compute_codes(4000, 9000);
    const Query query = rows.prepare(wanted);
    std::uint32_t alive = 0;
    for (std::uint32_t row = 0; row < 9000; row++) {
      REQUIRE(rows.slot_of(row) == slots[row]);
      REQUIRE(rows.live(row) == (row % 7 != 0));
      REQUIRE(rows.score_code(query, row) == scores[row]);
      alive += rows.live(row) ? 1 : 0;
    }
    CHECK(rows.live_count() == alive);
    // The rows that no checkpoint counted are overwritten.
    std::vector<float> again(37);
    CHECK(rows.append(std::vector<float>(37, 200.0f), 5) == 9000);
    rows.read(9000, again);
    CHECK(again == std::vector<float>(37, 200.0f));
    CHECK(rows.live(9000));
    CHECK(rows.slot_of(9000) == 5);
  }
}

TEST_CASE("slots stay the identity until one differs") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0.f32", {4, Distance::kDot, RowType::kFloat32});
  const std::vector<float> vector(4, 1.0f);
  for (std::uint32_t i = 0; i < 100; i++) rows.append(vector, i);
  CHECK(rows.slots_are_identity());
  CHECK(rows.slot_of(99) == 99);
  rows.append(vector, 12);
  CHECK(!rows.slots_are_identity());
  CHECK(rows.slot_of(99) == 99);
  CHECK(rows.slot_of(100) == 12);
}

TEST_CASE("an empty space touches no file") {
  TemporaryDirectory folder;
  {
    RowSpace rows(folder / "rows.0.f32", {8, Distance::kDot, RowType::kFloat32});
    CHECK(rows.disk_bytes() == 0);
    rows.sync();
  }
  CHECK(!path_exists(folder / "rows.0.f32"));
}

TEST_CASE("a file without a checkpoint is begun anew, whatever it holds") {
  TemporaryDirectory folder;
  write_file_atomic(folder / "rows.0.f32", std::string(10000, 'x'));
  RowSpace rows(folder / "rows.0.f32", {2, Distance::kDot, RowType::kFloat32});
  rows.append(std::vector<float>{1, 2}, 0);
  rows.sync();
  RowSpace again(folder / "rows.0.f32", {2, Distance::kDot, RowType::kFloat32}, {1, {}, {}});
  std::vector<float> vector(2);
  again.read(0, vector);
  CHECK(vector == std::vector<float>{1, 2});
}

TEST_CASE("files that do not fit are refused with a sentence") {
  TemporaryDirectory folder;
  const RowSpec spec{8, Distance::kDot, RowType::kFloat32};
  {
    RowSpace rows(folder / "rows.0.f32", spec);
    for (std::uint32_t i = 0; i < 10; i++) rows.append(std::vector<float>(8, 1.0f), i);
  }
  const auto open = [&](const RowSpec& with, std::uint32_t count) {
    RowSpace rows(folder / "rows.0.f32", with, {count, {}, {}});
  };
  CHECK_NOTHROW(open(spec, 10));
  CHECK_THROWS_AS(open(spec, 100'000'000), FormatError);
  CHECK_THROWS_AS(open({9, Distance::kDot, RowType::kFloat32}, 10), FormatError);
  CHECK_THROWS_AS(open({16, Distance::kDot, RowType::kFloat16}, 10), FormatError);
  CHECK_THROWS_AS(RowSpace(folder / "none", spec, {1, {}, {}}), NotFound);
  for (const std::size_t at : {0u, 4u, 9u, 13u, 17u}) {
    std::vector<std::uint8_t> bytes = read_file(folder / "rows.0.f32");
    bytes[at] ^= 1;
    write_file_atomic(folder / "damaged", bytes);
    CHECK_THROWS_AS(RowSpace(folder / "damaged", spec, {10, {}, {}}), FormatError);
  }
  write_file_atomic(folder / "short", std::string("VROW"));
  CHECK_THROWS_AS(RowSpace(folder / "short", spec, {10, {}, {}}), FormatError);
  const std::vector<std::uint32_t> few(3);
  CHECK_THROWS_AS(RowSpace(folder / "rows.0.f32", spec, {10, few, {}}), FormatError);
}

TEST_CASE("rows that are not finite score as infinitely far, never as NaN") {
  for (const Distance distance : kDistances) {
    TemporaryDirectory folder;
    RowSpace rows(folder / "rows.0.f32", {5, distance, RowType::kFloat32});
    const float strange[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f};
    for (std::uint32_t i = 0; i < 3; i++) rows.append(std::vector<float>(5, strange[i]), i);
    rows.append(std::vector<float>{3e38f, -3e38f, 3e38f, -3e38f, 1}, 3);
    const Query query = rows.prepare(std::vector<float>{3e38f, 3e38f, -1, 2, 0});
    for (std::uint32_t row = 0; row < 4; row++) {
      CHECK(!std::isnan(rows.score_exact(query, row)));
      if (rows.has_codes()) CHECK(!std::isnan(rows.score_code(query, row)));
    }
  }
}

TEST_CASE("block crcs find a changed byte") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0.f32", {384, Distance::kDot, RowType::kFloat32});
  std::mt19937 random(1);
  std::vector<float> vectors;
  std::vector<std::uint32_t> slots;
  for (std::uint32_t i = 0; i < 600; i++) {
    const auto vector = random_vector(random, 384);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
    slots.push_back(i);
  }
  rows.append_rows(vectors, slots);
  REQUIRE(rows.complete_blocks(600) == 3);
  std::vector<std::uint32_t> crcs;
  for (std::uint32_t block = 0; block < 3; block++) crcs.push_back(rows.block_crc(block));
  File file = File::open_write(folder / "rows.0.f32");
  std::vector<std::uint8_t> byte(1);
  const std::uint64_t inside = RowFile::kHeaderBytes + RowFile::kBlockBytes + 100;
  file.pread_all(byte, inside);
  byte[0] ^= 0x10;
  file.pwrite_all(byte, inside);
  CHECK(rows.verify_block(0, crcs[0]));
  CHECK(!rows.verify_block(1, crcs[1]));
  CHECK(rows.verify_block(2, crcs[2]));
}

TEST_CASE("readers follow an appender without locks") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows.0.f32", {24, Distance::kEuclid, RowType::kFloat32});
  constexpr std::uint32_t kRows = 20000;
  std::atomic<bool> wrong{false};
  std::vector<std::thread> readers;
  for (unsigned reader = 0; reader < 2; reader++)
    readers.emplace_back([&, reader] {
      std::mt19937 random(reader);
      std::vector<float> vector(24);
      std::uint32_t seen = 0;
      while (seen < kRows) {
        seen = rows.rows();
        if (seen < 2) continue;
        // A row is retired, if at all, before the next one is appended.
        const auto row = static_cast<std::uint32_t>(random() % (seen - 1));
        rows.read(row, vector);
        const std::uint32_t slot = row < 3000 ? row : row / 2;
        if (vector[5] != static_cast<float>(row) || rows.slot_of(row) != slot || rows.live(row) != (row % 5 != 0))
          wrong = true;
        const Query query = rows.prepare(vector);
        if (std::fabs(rows.score_code(query, row)) > 1e-2f * (1.0f + static_cast<float>(row) * static_cast<float>(row)))
          wrong = true;
      }
    });
  for (std::uint32_t row = 0; row < kRows; row++) {
    rows.append(std::vector<float>(24, static_cast<float>(row)), row < 3000 ? row : row / 2);
    if (row % 5 == 0) rows.retire(row);
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(!wrong);
  CHECK(rows.live_count() == kRows - kRows / 5);
}

TEST_CASE("the best k of any pushes are kept in order") {
  std::mt19937 random(9);
  for (std::size_t k : {0u, 1u, 7u, 100u}) {
    std::vector<Hit> all;
    TopK best(k);
    for (std::uint32_t row = 0; row < 500; row++) {
      all.push_back({static_cast<float>(random() % 50), row});
      best.push(all.back());
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min(k, all.size()));
    CHECK(best.full());
    CHECK(best.take() == all);
  }
}
