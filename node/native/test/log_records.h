#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "io/file.h"
#include "log/log.h"
#include "log/log_format.h"
#include "test/temporary_directory.h"

namespace vdb {

inline std::vector<std::uint8_t> body_of(std::uint64_t sequence, std::size_t size = 0) {
  std::mt19937_64 random(sequence);
  if (size == 0) size = 1 + random() % 300;
  std::vector<std::uint8_t> body(size);
  for (auto& byte : body) byte = static_cast<std::uint8_t>(random());
  return body;
}

/** Appends `count` records whose bodies follow from their sequences. */
inline void append_some(Log& log, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) log.append(body_of(log.last_sequence() + 1));
  log.wait_durable(log.last_sequence());
}

/** Reads from `first` to the end, checks each body, and returns the last sequence. */
inline std::uint64_t check_records(const Log& log, std::uint64_t first) {
  LogReader reader = log.read_from(first);
  LogRecord record;
  std::uint64_t expected = first;
  while (reader.next(record)) {
    REQUIRE(record.sequence == expected);
    const auto body = body_of(expected);
    REQUIRE(std::vector<std::uint8_t>(record.body.begin(), record.body.end()) == body);
    ++expected;
  }
  return expected - 1;
}

inline LogOptions small_segments() {
  LogOptions options;
  options.segment_bytes = 2000;
  return options;
}

inline std::string segment_path(const TemporaryDirectory& directory, std::uint64_t first) {
  return directory.path() + "/" + log_segment_name(first);
}

inline void flip_byte(const std::string& path, std::uint64_t offset) {
  File file = File::open_write(path);
  std::vector<std::uint8_t> byte(1);
  file.pread_all(byte, offset);
  byte[0] ^= 0x40;
  file.pwrite_all(byte, offset);
}

}  // namespace vdb
