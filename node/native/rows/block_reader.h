#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "io/file.h"
#include "rows/row_file.h"

namespace vdb {

/** What a reader of the log of errors needs to find the damage. */
std::string damaged_block(const std::string& path, std::uint32_t block);

/**
 * Reads the blocks of a row file from the disk, not from the page cache, which goes on showing good
 * bytes after the disk has lost them. A file system that has no direct reads gives what it has, from
 * the disk for pages that no process has mapped; either way the cache is left without the pages of
 * one pass over all data.
 */
class BlockReader {
 public:
  /** Throws NotFound when there is no file. */
  explicit BlockReader(const std::string& path);

  /** crc32c of a complete block. Throws FormatError when the file ends before it, IoError when it cannot be read. */
  std::uint32_t crc(std::uint32_t block);

 private:
  // Direct reads want memory, offset and length in multiples of the disk's blocks.
  static constexpr std::size_t kAlignment = 4096;
  static_assert(RowFile::kHeaderBytes % kAlignment == 0 && RowFile::kBlockBytes % kAlignment == 0);
  struct alignas(kAlignment) Block {
    std::array<std::uint8_t, RowFile::kBlockBytes> bytes;
  };

  void read(std::uint64_t offset);
  void read_through_cache(std::uint64_t offset);

  File file_;
  bool direct_ = true;
  std::unique_ptr<Block> block_;
};

}  // namespace vdb
