#include "shard/scrub.h"

#include <optional>

#include "pool/thread_pool.h"
#include "rows/block_reader.h"

namespace vdb {

namespace {

BlockReader open_blocks(const std::string& path) {
  try {
    return BlockReader(path);
  } catch (const NotFound&) {
    throw FormatError(path + " is gone, and it holds rows");
  }
}

/** Where the disk gives nothing, the rows are as lost as where it gives other bytes. */
void verify(BlockReader& reader, const std::string& path, uint32_t block, uint32_t expected) {
  uint32_t found = 0;
  try {
    found = reader.crc(block);
  } catch (const IoError& error) {
    throw FormatError(damaged_block(path, block) + ": " + error.what());
  }
  if (found != expected) throw FormatError(damaged_block(path, block));
}

}  // namespace

ScrubProgress Scrub::run(const Generation& generation, uint64_t bytes_max) {
  const std::lock_guard guard(mutex_);
  if (generation.number() != generation_) {
    generation_ = generation.number();
    space_ = 0;
    block_ = 0;
  }
  ScrubProgress progress;
  for (; space_ < generation.vectors.size(); space_++, block_ = 0) {
    const VectorSpace& space = *generation.vectors[space_];
    std::optional<BlockReader> reader;
    for (auto expected = space.block_crc(block_); expected.has_value(); expected = space.block_crc(block_)) {
      const bool full = progress.scanned_bytes + RowFile::kBlockBytes > bytes_max || ThreadPool::should_yield();
      if (progress.scanned_bytes > 0 && full) return progress;
      if (!reader.has_value()) reader.emplace(open_blocks(space.rows().path()));
      verify(*reader, space.rows().path(), block_, *expected);
      block_++;
      progress.scanned_bytes += RowFile::kBlockBytes;
    }
  }
  space_ = 0;
  block_ = 0;
  progress.finished = true;
  return progress;
}

}  // namespace vdb
