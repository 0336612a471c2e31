// Records in bounded pieces, as a replica that was away gets them.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

#include "log/log.h"
#include "test/log_records.h"
#include "test/temporary_directory.h"

using namespace vdb;

namespace {

std::vector<std::uint64_t> sequences_of(const std::vector<OwnedLogRecord>& records) {
  std::vector<std::uint64_t> sequences;
  for (const OwnedLogRecord& record : records) sequences.push_back(record.sequence);
  return sequences;
}

}  // namespace

TEST_CASE("pieces of a log follow each other through closed segments") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), small_segments());
  append_some(*log, 200);
  std::uint64_t next = 1;
  std::size_t pieces = 0;
  for (;;) {
    const auto records = log->read(next, 1000);
    if (records.empty()) break;
    std::size_t bytes = 0;
    for (const OwnedLogRecord& record : records) {
      REQUIRE(record.sequence == next++);
      REQUIRE(record.body == body_of(record.sequence));
      bytes += record.body.size();
    }
    CHECK(bytes <= 1000);
    ++pieces;
  }
  CHECK(next == 201);
  CHECK(pieces > 20);
}

TEST_CASE("a piece holds at least one record, and what fits exactly") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), {});
  for (const std::size_t size : {10, 10, 50, 1}) log->append(body_of(1, size));
  log->wait_durable(4);
  CHECK(sequences_of(log->read(1, 0)) == std::vector<std::uint64_t>{1});
  CHECK(sequences_of(log->read(1, 20)) == std::vector<std::uint64_t>{1, 2});
  CHECK(sequences_of(log->read(1, 69)) == std::vector<std::uint64_t>{1, 2});
  CHECK(sequences_of(log->read(3, 5)) == std::vector<std::uint64_t>{3});
  CHECK(sequences_of(log->read(1, UINT64_MAX)) == std::vector<std::uint64_t>{1, 2, 3, 4});
}

TEST_CASE("behind the end there is nothing, before the start an error") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), small_segments());
  CHECK(log->read(1, 100).empty());
  CHECK_THROWS_AS(log->read(0, 100), BadRequest);
  append_some(*log, 100);
  CHECK(log->read(101, 100).empty());
  CHECK(log->read(UINT64_MAX, 100).empty());
  log->truncate_before(50);
  const std::uint64_t first = log->first_sequence();
  REQUIRE(first > 1);
  CHECK(log->read(first, 0).front().sequence == first);
  const std::string message =
      "record 1 of the log in " + directory.path() + " was dropped; the oldest that is kept is " + std::to_string(first);
  CHECK_THROWS_WITH_AS(log->read(1, 100), message.c_str(), BadRequest);
  log->close();
  CHECK_THROWS_AS(log->read(first, 100), Closed);
}

TEST_CASE("a record that does not verify is not handed out") {
  TemporaryDirectory directory;
  const auto log = Log::open(directory.path(), {});
  append_some(*log, 3);
  const std::uint64_t second = kLogHeaderBytes + kLogRecordHeaderBytes + body_of(1).size();
  flip_byte(segment_path(directory, 1), second + kLogRecordHeaderBytes);
  CHECK(log->read(1, 0).size() == 1);
  CHECK_THROWS_AS(log->read(1, UINT64_MAX), FormatError);
  CHECK_THROWS_AS(log->read(3, 0), FormatError);
}

TEST_CASE("pieces are read while records are appended and dropped") {
  TemporaryDirectory directory;
  LogOptions options = small_segments();
  options.sync = SyncMode::kInterval;
  const auto log = Log::open(directory.path(), options);
  constexpr std::uint64_t kRecords = 2000;
  std::thread writer([&] {
    for (std::uint64_t i = 1; i <= kRecords; ++i) {
      log->append(body_of(i));
      if (i % 100 != 0) continue;
      log->wait_durable(i);
      if (i > 500) log->truncate_before(i - 500);
    }
  });
  std::uint64_t next = 1;
  while (next <= kRecords) {
    try {
      for (const OwnedLogRecord& record : log->read(next, 2000)) {
        REQUIRE(record.sequence == next++);
        REQUIRE(record.body == body_of(record.sequence));
      }
    } catch (const BadRequest&) {
      // Overtaken by the dropping, which only goes on from there.
      REQUIRE(log->first_sequence() > next);
      next = log->first_sequence();
    }
  }
  writer.join();
  CHECK(log->read(next, 2000).empty());
}
