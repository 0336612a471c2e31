#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "rows/chunks.h"

namespace vdb {

/**
 * Zeroed anonymous memory for elements of `stride` bytes that grows without moving. Only touched
 * pages are resident, so a chunk may be much larger than what is used of it. One thread reserves;
 * others read elements whose existence they learned through an acquiring load.
 */
class ChunkedMemory {
 public:
  explicit ChunkedMemory(std::size_t stride) : stride_(stride) {}
  ~ChunkedMemory();
  ChunkedMemory(const ChunkedMemory&) = delete;
  ChunkedMemory& operator=(const ChunkedMemory&) = delete;

  /** Makes elements [0, count) addressable. Throws std::bad_alloc; what was there stays. */
  void reserve(std::uint64_t count);

  std::uint8_t* at(std::uint32_t index) const {
    return reinterpret_cast<std::uint8_t*>(shifted_[chunks::chunk_of(index)].load(std::memory_order_relaxed) +
                                           std::uintptr_t{index} * stride_);
  }
  std::size_t stride() const noexcept { return stride_; }

 private:
  std::size_t stride_;
  std::uint64_t reserved_ = 0;
  /** Address that element 0 would have if the chunk reached down to it. */
  std::array<std::atomic<std::uintptr_t>, chunks::kCount> shifted_{};
  std::array<void*, chunks::kCount> mapped_{};
};

}  // namespace vdb
