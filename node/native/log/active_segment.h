#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "io/file.h"

namespace vdb {

/** The segment file that a log appends to. Space is allocated ahead, so that most syncs change no file size. */
class ActiveSegment {
 public:
  /** Holds no file. */
  ActiveSegment() = default;
  /** Makes the file durable with its header. Leaves none behind when that fails. */
  static ActiveSegment create(const std::string& directory, std::uint64_t first_sequence);
  /** Opens a recovered segment, to go on at `end`. */
  static ActiveSegment open(const std::string& directory, std::uint64_t first_sequence, std::uint64_t end);

  bool is_open() const noexcept { return file_.is_open(); }
  /** Where the next record goes. */
  std::uint64_t end() const noexcept { return end_; }

  /** Allocates space for `size` more bytes. */
  void reserve(std::uint64_t size);
  /** Appends; when it throws, end() is as before, and cut() removes what reached the file. */
  void write(std::span<const std::uint8_t> bytes);
  void sync() { file_.fdatasync(); }
  /** Drops everything after end(), durably. Syncs what is before it too. */
  void cut();
  void close();

 private:
  File file_;
  std::uint64_t end_ = 0;
  std::uint64_t allocated_ = 0;
};

}  // namespace vdb
