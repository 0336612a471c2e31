#include "rows/block_reader.h"

#include <fcntl.h>

#include <cerrno>

#include "io/crc32c.h"

namespace vdb {

namespace {

std::uint64_t offset_of(std::uint32_t block) { return RowFile::kHeaderBytes + std::uint64_t{block} * RowFile::kBlockBytes; }

}  // namespace

std::string damaged_block(const std::string& path, std::uint32_t block) {
  const std::uint64_t offset = offset_of(block);
  return path + " is damaged: bytes " + std::to_string(offset) + " to " + std::to_string(offset + RowFile::kBlockBytes - 1) +
         " (block " + std::to_string(block) + " of its rows) are not what was written";
}

BlockReader::BlockReader(const std::string& path) : block_(std::make_unique_for_overwrite<Block>()) {
  try {
    file_ = File::open_read_direct(path);
  } catch (const IoError& error) {
    if (error.error_number() != EINVAL) throw;
    file_ = File::open_read(path);
    direct_ = false;
  }
}

std::uint32_t BlockReader::crc(std::uint32_t block) {
  read(offset_of(block));
  return crc32c(block_->bytes);
}

void BlockReader::read(std::uint64_t offset) {
  if (!direct_) return read_through_cache(offset);
  try {
    file_.pread_all(block_->bytes, offset);
  } catch (const IoError& error) {
    // Some file systems open for direct reads and refuse the first one.
    if (error.error_number() != EINVAL) throw;
    file_ = File::open_read(file_.path());
    direct_ = false;
    read_through_cache(offset);
  }
}

void BlockReader::read_through_cache(std::uint64_t offset) {
  const auto forget = [&] {
    // Only advice: what the kernel makes of it changes what is found, not what is right.
    ::posix_fadvise(file_.descriptor(), static_cast<off_t>(offset), RowFile::kBlockBytes, POSIX_FADV_DONTNEED);
  };
  forget();
  file_.pread_all(block_->bytes, offset);
  forget();
}

}  // namespace vdb
