#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "io/file.h"
#include "test/shard_harness.h"

namespace vdb {

namespace {

constexpr uint32_t kDimension = 256;
constexpr uint32_t kRowsOfBlock = RowFile::kBlockBytes / (kDimension * sizeof(float));
constexpr uint64_t kAll = 1ull << 40;

ShardSchema rows_only_schema() {
  ShardSchema schema;
  for (const char* name : {"", "second"}) {
    VectorSchema dense;
    dense.name = name;
    dense.kind = VectorKind::kDense;
    dense.dimension = kDimension;
    dense.distance = Distance::kDot;
    dense.m = 0;
    schema.vectors.push_back(dense);
  }
  VectorSchema sparse;
  sparse.name = "sparse";
  sparse.kind = VectorKind::kSparse;
  schema.vectors.push_back(sparse);
  return schema;
}

/** Writes the points [first, end) with vectors that no two of them share. */
void write_points(ShardHarness& harness, const std::string& vector, uint32_t first, uint32_t end) {
  UpsertPoints upsert;
  upsert.names = {vector};
  std::vector<std::vector<uint8_t>> kept;
  for (uint32_t id = first; id < end; id++) {
    std::vector<float> values(kDimension, 1.0F);
    values[id % kDimension] = static_cast<float>(id);
    ByteWriter bytes;
    bytes.f32s(values);
    kept.push_back(bytes.take());
    upsert.points.push_back({PointId::of_number(id), static_cast<uint32_t>(kept.size() - 1), 1, ""});
  }
  for (const auto& bytes : kept) upsert.vectors.push_back({0, VectorForm::kDense, 1, kDimension, bytes, {}});
  harness.write(upsert);
}

void flip_byte(const std::string& path, uint64_t offset) {
  File file = File::open_write(path);
  std::vector<uint8_t> byte(1);
  file.pread_all(byte, offset);
  byte[0] ^= 0x04;
  file.pwrite_all(byte, offset);
}

std::string row_file(const ShardHarness& harness, uint32_t generation, const char* name) {
  return harness.directory() + "/segments/" + std::to_string(generation) + "/" + name;
}

uint64_t inside_block(uint32_t block) { return RowFile::kHeaderBytes + uint64_t{block} * RowFile::kBlockBytes + 777; }

}  // namespace

TEST_CASE("a scrub reads every complete block, in pieces, and begins again") {
  ShardHarness harness(rows_only_schema());
  CHECK(harness.shard().scrub(kAll).finished);
  CHECK(harness.shard().scrub(kAll).scanned_bytes == 0);
  write_points(harness, "", 0, 3 * kRowsOfBlock + 5);
  write_points(harness, "second", 0, kRowsOfBlock);
  CHECK(harness.shard().block_bytes() == 0);
  harness.shard().checkpoint();
  CHECK(harness.shard().block_bytes() == 4 * RowFile::kBlockBytes);
  for (int pass = 0; pass < 2; pass++) {
    const ScrubProgress first = harness.shard().scrub(1);
    CHECK(first.scanned_bytes == RowFile::kBlockBytes);
    CHECK_FALSE(first.finished);
    const ScrubProgress second = harness.shard().scrub(2 * RowFile::kBlockBytes + 1);
    CHECK(second.scanned_bytes == 2 * RowFile::kBlockBytes);
    CHECK_FALSE(second.finished);
    const ScrubProgress last = harness.shard().scrub(kAll);
    CHECK(last.scanned_bytes == RowFile::kBlockBytes);
    CHECK(last.finished);
    if (pass == 0) harness.reopen();
  }
}

TEST_CASE("a byte that changed on the disk is found, and the shard takes no more writes") {
  struct Case {
    const char* file;
    uint32_t block;
  };
  for (const Case& at : {Case{"rows.0.f32", 0}, Case{"rows.0.f32", 1}, Case{"rows.1.f32", 0}}) {
    CAPTURE(at.file);
    CAPTURE(at.block);
    ShardHarness harness(rows_only_schema());
    write_points(harness, "", 0, 2 * kRowsOfBlock);
    write_points(harness, "second", 0, kRowsOfBlock);
    harness.shard().checkpoint();
    CHECK(harness.shard().scrub(kAll).finished);
    const std::string path = row_file(harness, 0, at.file);
    flip_byte(path, inside_block(at.block));
    CHECK_THROWS_WITH_AS(harness.shard().scrub(kAll), doctest::Contains(path.c_str()), FormatError);
    CHECK_THROWS_WITH_AS(harness.shard().scrub(kAll), doctest::Contains("block"), FormatError);
    CHECK(harness.shard().read_only().value_or("").find("is damaged") != std::string::npos);
    CHECK_THROWS_AS(write_points(harness, "", 0, 1), FormatError);
    CHECK(harness.shard().points() == 2 * kRowsOfBlock);
    // What was written is in the log, and the damage is found again when the shard is back.
    flip_byte(path, inside_block(at.block));
    harness.reopen();
    CHECK(harness.shard().scrub(kAll).finished);
    flip_byte(path, inside_block(at.block));
    CHECK_THROWS_AS(harness.shard().scrub(kAll), FormatError);
  }
}

TEST_CASE("a row file that is gone or shorter than its rows is damage") {
  ShardHarness harness(rows_only_schema());
  write_points(harness, "", 0, 2 * kRowsOfBlock);
  harness.shard().checkpoint();
  const std::string path = row_file(harness, 0, "rows.0.f32");
  SUBCASE("gone") { REQUIRE(remove_file(path)); }
  SUBCASE("short") { File::open_write(path).truncate(RowFile::kHeaderBytes + RowFile::kBlockBytes + 100); }
  CHECK_THROWS_AS(harness.shard().scrub(kAll), FormatError);
  CHECK(harness.shard().read_only().has_value());
}

TEST_CASE("rows past the last complete block of the checkpoint are not looked at") {
  ShardHarness harness(rows_only_schema());
  write_points(harness, "", 0, kRowsOfBlock + 3);
  harness.shard().checkpoint();
  const std::string path = row_file(harness, 0, "rows.0.f32");
  flip_byte(path, inside_block(1));
  CHECK(harness.shard().scrub(kAll).scanned_bytes == RowFile::kBlockBytes);
  // Complete by now, but no checkpoint has counted it.
  write_points(harness, "", kRowsOfBlock + 3, 3 * kRowsOfBlock);
  CHECK(harness.shard().scrub(kAll).scanned_bytes == RowFile::kBlockBytes);
  CHECK_FALSE(harness.shard().read_only().has_value());
}

TEST_CASE("a vacuum does not copy damaged rows") {
  ShardHarness harness(rows_only_schema());
  write_points(harness, "", 0, 2 * kRowsOfBlock);
  write_points(harness, "", 0, kRowsOfBlock);
  harness.shard().checkpoint();
  flip_byte(row_file(harness, 0, "rows.0.f32"), inside_block(1));
  CHECK_THROWS_WITH_AS(harness.shard().vacuum(0.1, 1), doctest::Contains("block 1"), FormatError);
  CHECK(harness.shard().read_only().has_value());
  CHECK(harness.shard().info().generation == 0);
  CHECK(path_exists(row_file(harness, 0, "rows.0.f32")));
  CHECK_FALSE(path_exists(harness.directory() + "/segments/1"));
}

TEST_CASE("a scrub beside writes, checkpoints and vacuums raises no alarm") {
  ShardHarness harness(rows_only_schema(), 3);
  write_points(harness, "", 0, 2 * kRowsOfBlock);
  harness.shard().checkpoint();
  std::atomic<bool> stop{false};
  std::atomic<uint32_t> passes{0};
  std::atomic<uint32_t> alarms{0};
  std::thread scrubs([&] {
    while (!stop.load()) {
      try {
        if (harness.shard().scrub(RowFile::kBlockBytes).finished) passes.fetch_add(1);
      } catch (const std::exception&) {
        alarms.fetch_add(1);
        return;
      }
    }
  });
  std::thread saves([&] {
    while (!stop.load()) {
      harness.shard().vacuum(0.2, 10);
      harness.shard().checkpoint();
    }
  });
  uint32_t round = 0;
  for (; alarms.load() == 0 && round < 400 && (round < 30 || passes.load() < 20 || harness.shard().info().generation < 2); round++) {
    const uint32_t first = round % 5 * 100;
    write_points(harness, round % 3 == 0 ? "second" : "", first, first + 200);
  }
  stop.store(true);
  scrubs.join();
  saves.join();
  CHECK(alarms.load() == 0);
  CHECK(passes.load() >= 20);
  CHECK(harness.shard().info().generation >= 2);
  harness.crash();
  CHECK(harness.shard().scrub(kAll).finished);
}

TEST_CASE("a closed shard is not scrubbed") {
  ShardHarness harness(rows_only_schema());
  write_points(harness, "", 0, kRowsOfBlock);
  harness.shard().close();
  CHECK_THROWS_AS(harness.shard().scrub(kAll), Closed);
}

}  // namespace vdb
