// A bit per slot that any thread may read while one thread sets, clears and grows.
//
// Chunks double in size and never move, so a reader needs no lock: 22 pointers cover every u32.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace vdb {

class AtomicBits {
 public:
  AtomicBits() = default;
  AtomicBits(const AtomicBits&) = delete;
  AtomicBits& operator=(const AtomicBits&) = delete;

  /// False for every index that was never set, however large.
  bool test(uint32_t index) const noexcept {
    const Place place = place_of(index);
    const Word* chunk = chunks_[place.chunk].load(std::memory_order_acquire);
    if (chunk == nullptr) return false;
    return (chunk[place.word].load(std::memory_order_relaxed) >> place.bit & 1) != 0;
  }

  /// Writer only.
  void set(uint32_t index) {
    const Place place = place_of(index);
    chunk_for(place.chunk)[place.word].fetch_or(uint64_t{1} << place.bit, std::memory_order_release);
  }

  /// Writer only.
  void clear(uint32_t index) noexcept {
    const Place place = place_of(index);
    Word* chunk = chunks_[place.chunk].load(std::memory_order_relaxed);
    if (chunk != nullptr) {
      chunk[place.word].fetch_and(~(uint64_t{1} << place.bit), std::memory_order_release);
    }
  }

  /// The bits [0, count) as 64-bit words, the first index in the lowest bit.
  std::vector<uint64_t> words(uint32_t count) const {
    std::vector<uint64_t> out((static_cast<uint64_t>(count) + 63) / 64, 0);
    for (size_t i = 0; i < out.size(); i++) {
      const Place place = place_of(static_cast<uint32_t>(i * 64));
      const Word* chunk = chunks_[place.chunk].load(std::memory_order_acquire);
      if (chunk != nullptr) out[i] = chunk[place.word].load(std::memory_order_relaxed);
    }
    if (count % 64 != 0) out.back() &= (uint64_t{1} << (count % 64)) - 1;
    return out;
  }

  /// Writer only: replaces the bits [0, words x 64).
  void assign(std::span<const uint64_t> words) {
    for (size_t i = 0; i < words.size(); i++) {
      const Place place = place_of(static_cast<uint32_t>(i * 64));
      chunk_for(place.chunk)[place.word].store(words[i], std::memory_order_release);
    }
  }

  uint64_t memory_bytes() const noexcept {
    uint64_t bytes = 0;
    for (size_t i = 0; i < chunks_.size(); i++) {
      if (chunks_[i].load(std::memory_order_relaxed) != nullptr) bytes += chunk_words(i) * 8;
    }
    return bytes;
  }

 private:
  using Word = std::atomic<uint64_t>;
  static constexpr unsigned kFirstChunkBits = 10;

  struct Place {
    uint32_t chunk;
    uint32_t word;
    uint32_t bit;
  };

  static Place place_of(uint32_t index) noexcept {
    const uint64_t shifted = uint64_t{index} + (uint64_t{1} << kFirstChunkBits);
    const unsigned top = 63U - static_cast<unsigned>(std::countl_zero(shifted));
    const uint64_t offset = shifted - (uint64_t{1} << top);
    return {top - kFirstChunkBits, static_cast<uint32_t>(offset / 64), static_cast<uint32_t>(offset % 64)};
  }

  static uint64_t chunk_words(size_t chunk) noexcept { return (uint64_t{1} << (chunk + kFirstChunkBits)) / 64; }

  Word* chunk_for(size_t chunk) {
    Word* present = chunks_[chunk].load(std::memory_order_relaxed);
    if (present != nullptr) return present;
    owned_[chunk] = std::make_unique<Word[]>(chunk_words(chunk));
    Word* fresh = owned_[chunk].get();
    chunks_[chunk].store(fresh, std::memory_order_release);
    return fresh;
  }

  static constexpr size_t kChunks = 24;
  std::array<std::unique_ptr<Word[]>, kChunks> owned_;
  std::array<std::atomic<Word*>, kChunks> chunks_{};
};

}  // namespace vdb
