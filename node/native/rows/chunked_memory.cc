#include "rows/chunked_memory.h"

#include <sys/mman.h>

#include <new>

namespace vdb {

namespace {

/** Chunks from here on ask for huge pages: walks touch them at random, and small collections never get here. */
constexpr std::uint64_t kHugePagesFrom = 8u << 20;

}  // namespace

ChunkedMemory::~ChunkedMemory() {
  for (std::size_t chunk = 0; chunk < mapped_.size(); chunk++)
    if (mapped_[chunk] != nullptr) munmap(mapped_[chunk], chunks::size_of(chunk) * stride_);
}

void ChunkedMemory::reserve(std::uint64_t count) {
  while (reserved_ < count) {
    const std::size_t chunk = chunks::chunk_of(static_cast<std::uint32_t>(reserved_));
    const std::uint64_t bytes = chunks::size_of(chunk) * stride_;
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    if (bytes >= kHugePagesFrom) madvise(memory, bytes, MADV_HUGEPAGE);
    mapped_[chunk] = memory;
    shifted_[chunk].store(reinterpret_cast<std::uintptr_t>(memory) - chunks::first_of(chunk) * stride_,
                          std::memory_order_relaxed);
    reserved_ = chunks::first_of(chunk) + chunks::size_of(chunk);
  }
}

}  // namespace vdb
