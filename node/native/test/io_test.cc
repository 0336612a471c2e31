#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <random>
#include <set>
#include <unordered_set>

#include "io/bytes.h"
#include "io/crc32c.h"
#include "io/file.h"
#include "test/temporary_directory.h"

using namespace vdb;

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("a file is written, read back, cut and synced") {
  TemporaryDirectory directory;
  const std::string path = directory / "file";
  File file = File::create(path);
  file.pwrite_all(bytes_of("hello world"), 3);
  CHECK(file.size() == 14);
  file.fallocate(0, 8192);
  CHECK(file.size() == 8192);
  file.truncate(8);
  file.fdatasync();
  file.fsync();
  std::vector<std::uint8_t> all(8);
  file.pread_all(all, 0);
  CHECK(std::string(all.begin(), all.end()) == std::string("\0\0\0hello", 8));
  std::vector<std::uint8_t> more(20);
  CHECK(file.pread_some(more, 4) == 4);
  CHECK_THROWS_AS(file.pread_all(more, 4), FormatError);
  file.close();
  CHECK_FALSE(file.is_open());
  file.close();
  CHECK(read_file(path).size() == 8);
  CHECK_THROWS_AS(read_file(path, 7), FormatError);
}

TEST_CASE("failures name the operation and the path") {
  TemporaryDirectory directory;
  CHECK_THROWS_AS(File::open_read(directory / "missing"), NotFound);
  CHECK_THROWS_AS(File::open_write(directory / "missing"), NotFound);
  File::open_or_create(directory / "there");
  try {
    File::create(directory / "there");
    FAIL("created a file twice");
  } catch (const IoError& error) {
    CHECK(error.error_number() == EEXIST);
    CHECK(error.path() == directory / "there");
    CHECK(std::string(error.what()).find("open " + (directory / "there")) == 0);
    CHECK_FALSE(error.no_space());
  }
  CHECK(IoError(ENOSPC, "write", "x").no_space());
  CHECK(IoError(EDQUOT, "write", "x").no_space());
}

TEST_CASE("a moved file leaves nothing behind") {
  TemporaryDirectory directory;
  File first = File::create(directory / "a");
  File second = std::move(first);
  CHECK_FALSE(first.is_open());
  CHECK(second.is_open());
  second = File::create(directory / "b");
  CHECK(second.path() == directory / "b");
}

TEST_CASE("an atomic write replaces the whole content") {
  TemporaryDirectory directory;
  const std::string path = directory / "manifest";
  write_file_atomic(path, std::string_view("a long first content"));
  write_file_atomic(path, std::string_view("second"));
  const auto content = read_file(path);
  CHECK(std::string(content.begin(), content.end()) == "second");
  CHECK(list_directory(directory.path()) == std::vector<std::string>{"manifest"});
}

TEST_CASE("folders are created, listed and removed") {
  TemporaryDirectory directory;
  const std::string deep = directory / "a/b/c";
  create_directories(deep);
  create_directories(deep);
  File::create(deep + "/2");
  File::create(deep + "/1");
  CHECK(list_directory(deep) == std::vector<std::string>{"1", "2"});
  CHECK(path_exists(deep + "/1"));
  CHECK_FALSE(path_exists(deep + "/1/x"));
  CHECK(remove_file(deep + "/1"));
  CHECK_FALSE(remove_file(deep + "/1"));
  CHECK_THROWS_AS(create_directories(deep + "/2"), IoError);
  CHECK(remove_directory(directory / "a"));
  CHECK_FALSE(remove_directory(directory / "a"));
  CHECK_THROWS_AS(list_directory(deep), NotFound);
  CHECK_THROWS_AS(sync_directory(deep), NotFound);
}

TEST_CASE("parents of paths") {
  CHECK(parent_directory("a") == ".");
  CHECK(parent_directory("/a") == "/");
  CHECK(parent_directory("/") == "/");
  CHECK(parent_directory("a/b") == "a");
  CHECK(parent_directory("a/b/") == "a");
  CHECK(parent_directory("/a//b//") == "/a");
}

TEST_CASE("crc32c agrees with the published check value and with its table version") {
  CHECK(crc32c(bytes_of("123456789")) == 0xE3069283u);
  CHECK(crc32c_portable(bytes_of("123456789")) == 0xE3069283u);
  CHECK(crc32c({}) == 0);
  std::mt19937_64 random(1);
  std::vector<std::uint8_t> bytes(1000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t size = 0; size < 100; ++size) {
    const auto piece = std::span<const std::uint8_t>(bytes).subspan(random() % 100, size);
    CHECK(crc32c(piece) == crc32c_portable(piece));
  }
  const auto whole = std::span<const std::uint8_t>(bytes);
  CHECK(crc32c(whole.subspan(333), crc32c(whole.first(333))) == crc32c(whole));
}

TEST_CASE("ids order integers before UUIDs") {
  const auto uuid = parse_uuid("00000000-0000-0000-0000-000000000001").value();
  const auto later = parse_uuid("ff000000-0000-0000-0000-000000000000").value();
  CHECK(PointId::of_number(std::numeric_limits<std::uint64_t>::max()) < uuid);
  CHECK(PointId::of_number(2) < PointId::of_number(10));
  CHECK(uuid < later);
  CHECK(uuid == parse_uuid("00000000000000000000000000000001"));
  CHECK(std::hash<PointId>()(uuid) != std::hash<PointId>()(later));
  std::unordered_set<PointId> set{PointId::of_number(1), uuid, PointId::of_number(1)};
  CHECK(set.size() == 2);
}

TEST_CASE("UUIDs are read in every form and printed in one") {
  const std::string printed = "936da01f-9abd-4d9d-80c7-02af85c822a8";
  for (const std::string& form : {printed, std::string("936DA01F9ABD4D9D80C702AF85C822A8"), "{" + printed + "}", "urn:uuid:" + printed}) {
    const auto id = parse_uuid(form);
    REQUIRE(id.has_value());
    CHECK(to_string(*id) == printed);
  }
  for (const std::string& form : {std::string(), std::string("1"), printed + "0", printed.substr(1), "{" + printed,
                                 std::string("urn:uuid:936DA01F9ABD4D9D80C702AF85C822A8"), std::string(32, 'g'), std::string(36, '-')}) {
    CHECK_FALSE(parse_uuid(form).has_value());
  }
  CHECK(to_string(PointId::of_number(18446744073709551615u)) == "18446744073709551615");
}

TEST_CASE("every encoding is read back as it was written") {
  ByteWriter writer;
  writer.u8(200);
  writer.u16(65535);
  writer.u32(4000000000u);
  writer.u64(std::numeric_limits<std::uint64_t>::max());
  writer.i64(std::numeric_limits<std::int64_t>::min());
  writer.f32(1.5f);
  writer.f64(-0.1);
  writer.string("größe");
  writer.blob(std::string_view("\0b", 2));
  const auto uuid = parse_uuid("936da01f-9abd-4d9d-80c7-02af85c822a8").value();
  writer.id(uuid);
  writer.ids(std::vector{PointId::of_number(7), uuid});
  const std::vector<Number> numbers{std::int64_t{-5}, std::numeric_limits<std::uint64_t>::max(), 1e300};
  for (const auto& number : numbers) writer.number(number);
  writer.name_table(std::vector<std::string>{"", "text"});
  const std::size_t place = writer.size();
  writer.u32(0);
  writer.f32s(std::vector{1.0f, 2.0f});
  writer.u32s(std::vector{3u, 4u});
  writer.patch_u32(place, 99);

  const auto bytes = writer.take();
  CHECK(writer.size() == 0);
  ByteReader reader(bytes);
  CHECK(reader.u8() == 200);
  CHECK(reader.u16() == 65535);
  CHECK(reader.u32() == 4000000000u);
  CHECK(reader.u64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(reader.i64() == std::numeric_limits<std::int64_t>::min());
  CHECK(reader.f32() == 1.5f);
  CHECK(reader.f64() == -0.1);
  CHECK(reader.string() == "größe");
  CHECK(reader.text() == std::string_view("\0b", 2));
  CHECK(reader.id() == uuid);
  CHECK(reader.ids() == std::vector{PointId::of_number(7), uuid});
  for (const auto& number : numbers) CHECK(reader.number() == number);
  CHECK(reader.name_table() == std::vector<std::string>{"", "text"});
  CHECK(reader.u32() == 99);
  std::vector<float> floats(2);
  reader.f32s(floats);
  CHECK(floats == std::vector{1.0f, 2.0f});
  CHECK_THROWS_AS(reader.expect_end(), FormatError);
  std::vector<std::uint32_t> integers(2);
  reader.u32s(integers);
  CHECK(integers == std::vector{3u, 4u});
  CHECK_NOTHROW(reader.expect_end());
}

TEST_CASE("the byte layout is that of the documentation") {
  ByteWriter writer;
  writer.id(PointId::of_number(0x0102));
  writer.string("ab");
  writer.number(std::uint64_t{1});
  const std::vector<std::uint8_t> expected{0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 'a', 'b', 1, 1, 0, 0, 0, 0, 0, 0, 0};
  CHECK(std::ranges::equal(writer.view(), expected));
}

TEST_CASE("a reader never leaves its bytes and never believes a count") {
  const std::vector<std::uint8_t> huge{0xff, 0xff, 0xff, 0xff, 1, 2};
  CHECK_THROWS_AS(ByteReader(huge).ids(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).blob(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).string(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).name_table(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).u64(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).id(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).number(), FormatError);
  CHECK_THROWS_AS(ByteReader(huge).count(1), FormatError);
  CHECK_THROWS_AS(ByteReader({}).u8(), FormatError);

  std::mt19937_64 random(2);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint8_t> bytes(random() % 64);
    for (auto& byte : bytes) byte = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : random() % 2;
    ByteReader reader(bytes);
    std::size_t steps = 0;
    try {
      while (true) {
        ++steps;
        switch (random() % 6) {
          case 0: reader.ids(); break;
          case 1: reader.name_table(); break;
          case 2: reader.number(); break;
          case 3: reader.blob(); break;
          case 4: reader.string(); break;
          default: reader.id(); break;
        }
      }
    } catch (const FormatError&) {
      CHECK(reader.position() <= bytes.size());
    }
    CHECK(steps <= bytes.size() + 1);
  }
}

TEST_CASE("what does not fit its length field is refused") {
  ByteWriter writer;
  CHECK_THROWS_AS(writer.string(std::string(65536, 'x')), FormatError);
  CHECK_THROWS_AS(writer.count(std::size_t{1} << 32), FormatError);
  CHECK_THROWS_AS(writer.name_table(std::vector<std::string>(65536)), FormatError);
}
