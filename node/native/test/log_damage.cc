#include <doctest/doctest.h>

#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "io/bytes.h"
#include "io/crc32c.h"
#include "io/file.h"
#include "log/log.h"
#include "log/log_format.h"
#include "test/log_records.h"
#include "test/temporary_directory.h"

using namespace vdb;

TEST_CASE("a record cut anywhere, or with any byte wrong, is dropped when nothing says that it was durable") {
  TemporaryDirectory directory;
  std::uint64_t whole;
  std::uint64_t kept;
  {
    const auto log = Log::open(directory.path(), {});
    append_some(*log, 9);
    kept = log->size_bytes();
    append_some(*log, 1);
    whole = log->size_bytes();
  }
  for (std::uint64_t cut = kept; cut <= whole; ++cut) {
    TemporaryDirectory copy;
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    std::filesystem::resize_file(segment_path(copy, 1), cut);
    const auto log = Log::open(copy.path(), {});
    CHECK(log->last_sequence() == (cut == whole ? 10 : 9));
    append_some(*log, 2);
    CHECK(check_records(*log, 1) == log->last_sequence());
  }
  for (std::uint64_t at = kept; at < whole; ++at) {
    TemporaryDirectory copy;
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    flip_byte(segment_path(copy, 1), at);
    CHECK(Log::open(copy.path(), {})->last_sequence() == 9);
  }
}

TEST_CASE("damage before acknowledged records makes the log refuse to open") {
  TemporaryDirectory directory;
  std::uint64_t five;
  std::uint64_t six;
  {
    const auto log = Log::open(directory.path(), {});
    append_some(*log, 5);
    five = log->size_bytes();
    append_some(*log, 1);
    six = log->size_bytes();
    for (int i = 0; i < 4; ++i) append_some(*log, 1);
  }
  for (std::uint64_t at = five; at < six; ++at) {
    TemporaryDirectory copy;
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    flip_byte(segment_path(copy, 1), at);
    CHECK_THROWS_AS(Log::open(copy.path(), {}), FormatError);
  }
  File file = File::open_write(segment_path(directory, 1));
  const std::vector<std::uint8_t> zeros(six - five);
  file.pwrite_all(zeros, five);
  CHECK_THROWS_AS(Log::open(directory.path(), {}), FormatError);
}

TEST_CASE("a closed segment is verified when it is read") {
  TemporaryDirectory directory;
  { append_some(*Log::open(directory.path(), small_segments()), 100); }
  flip_byte(segment_path(directory, 1), 500);
  const auto log = Log::open(directory.path(), small_segments());
  CHECK(log->last_sequence() == 100);
  CHECK_THROWS_AS(check_records(*log, 1), FormatError);
}

TEST_CASE("an interrupted creation of a segment is undone, a damaged header is not") {
  TemporaryDirectory directory;
  std::uint64_t last_first;
  {
    const auto log = Log::open(directory.path(), small_segments());
    append_some(*log, 50);
    last_first = parse_log_segment_name(list_directory(directory.path()).back()).value();
  }
  File::create(segment_path(directory, 51)).pwrite_all(std::vector<std::uint8_t>(20), 0);
  {
    const auto log = Log::open(directory.path(), small_segments());
    CHECK(log->last_sequence() == 50);
    CHECK_FALSE(path_exists(segment_path(directory, 51)));
  }
  File::create(segment_path(directory, 52));
  CHECK_THROWS_AS(Log::open(directory.path(), small_segments()), FormatError);
  remove_file(segment_path(directory, 52));
  flip_byte(segment_path(directory, last_first), 1);
  CHECK_THROWS_AS(Log::open(directory.path(), small_segments()), FormatError);

  TemporaryDirectory fresh;
  File::create(segment_path(fresh, 1));
  CHECK(Log::open(fresh.path(), {})->last_sequence() == 0);
  File::create(segment_path(fresh, 7));
  CHECK_THROWS_AS(Log::open(fresh.path(), {}), FormatError);
}

TEST_CASE("a segment of another format version is refused with both versions named") {
  TemporaryDirectory directory;
  ByteWriter header;
  header.raw(std::string_view("VLOG"));
  header.u16(2);
  header.u16(0);
  header.u64(1);
  header.u32(crc32c(header.view()));
  File::create(segment_path(directory, 1)).pwrite_all(header.view(), 0);
  try {
    Log::open(directory.path(), {});
    FAIL("opened a format of the future");
  } catch (const FormatError& error) {
    const std::string message = error.what();
    CHECK(message.find("version 2") != std::string::npos);
    CHECK(message.find("version 1") != std::string::npos);
    CHECK(message.find(segment_path(directory, 1)) != std::string::npos);
  }
}

TEST_CASE("random bytes in a segment never make recovery read out of bounds") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    TemporaryDirectory directory;
    { append_some(*Log::open(directory.path(), {}), 20); }
    File file = File::open_write(segment_path(directory, 1));
    const std::uint64_t size = file.size();
    for (std::uint64_t i = 0; i < 1 + random() % 8; ++i) {
      std::vector<std::uint8_t> noise(1 + random() % 16);
      for (auto& byte : noise) byte = random() % 2 == 0 ? 0xff : static_cast<std::uint8_t>(random());
      file.pwrite_all(noise, random() % size);
    }
    try {
      const auto log = Log::open(directory.path(), {});
      check_records(*log, 1);
    } catch (const FormatError&) {
      CHECK(true);
    }
  }
}
