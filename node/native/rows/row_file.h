#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "io/file.h"
#include "rows/chunks.h"
#include "rows/row_spec.h"

namespace vdb {

/**
 * The file of docs/internals/storage.md, "Rows". Space is allocated before it is written and mappings
 * are for reading only, so that a full disk is an IoError and never a signal. One writer; readers of
 * rows that they know to be written need no lock.
 */
class RowFile {
 public:
  static constexpr std::size_t kHeaderBytes = 4096;
  static constexpr std::uint32_t kBlockBytes = 256 * 1024;
  static constexpr std::uint16_t kVersion = 1;

  /** Opens and verifies a file of at least `rows` rows; with 0 rows nothing is touched until the first write. */
  RowFile(std::string path, const RowSpec& spec, std::uint32_t rows);
  ~RowFile();
  RowFile(const RowFile&) = delete;
  RowFile& operator=(const RowFile&) = delete;

  /** Writes whole rows at `first`, and makes them addressable. */
  void write(std::uint32_t first, std::span<const std::uint8_t> bytes);
  const std::uint8_t* row(std::uint32_t index) const {
    return reinterpret_cast<const std::uint8_t*>(shifted_[chunks::chunk_of(index)].load(std::memory_order_relaxed) +
                                                 std::uintptr_t{index} * row_bytes_);
  }
  /** Reads rows by pread: a scan of the whole file does not make its pages resident in this process. */
  void read(std::uint32_t first, std::span<std::uint8_t> out) const;

  void sync();
  std::uint32_t block_crc(std::uint32_t block) const;
  std::uint64_t disk_bytes() const noexcept { return allocated_.load(std::memory_order_relaxed); }
  const std::string& path() const noexcept { return path_; }

 private:
  void verify_header() const;
  void create();
  void allocate(std::uint64_t end);
  void map_rows(std::uint64_t count);

  std::string path_;
  RowSpec spec_;
  std::size_t row_bytes_;
  File file_;
  std::atomic<std::uint64_t> allocated_{0};
  std::uint64_t mapped_rows_ = 0;
  std::array<std::atomic<std::uintptr_t>, chunks::kCount> shifted_{};
  std::array<void*, chunks::kCount> mapped_{};
};

}  // namespace vdb
