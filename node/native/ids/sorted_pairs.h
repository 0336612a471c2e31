#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace vdb {

/**
 * Pairs of key and slot in order, as a row of chunks of at most 1024 pairs: the bottom two levels of
 * a B+ tree whose upper levels are one flat directory. An insert moves a few KiB at most, a split of
 * a chunk also its directory, some KiB per insert when spread over the inserts that lead to it, at
 * ten million pairs. Keys and slots lie in arrays of their own, so no padding is paid.
 */
template <class Key>
class SortedPairs {
 public:
  /** A place between pairs; valid until the next change. */
  struct Position {
    std::size_t chunk = 0;
    std::size_t offset = 0;
    friend bool operator==(const Position&, const Position&) = default;
  };

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  Position begin() const noexcept { return {0, 0}; }
  Position end() const noexcept { return {chunks_.size(), 0}; }

  /** False, and no change, when the pair is there already. */
  bool insert(const Key& key, std::uint32_t slot) {
    if (chunks_.empty()) {
      append_chunk(key, slot);
      return true;
    }
    const std::size_t index = chunk_for(key, slot);
    const std::size_t offset = offset_in(chunks_[index], key, slot);
    if (offset < chunks_[index].keys.size() && holds(chunks_[index], offset, key, slot)) return false;
    if (chunks_[index].keys.size() < kChunkPairsMax) {
      insert_at(index, offset, key, slot);
    } else if (offset == kChunkPairsMax && index + 1 == chunks_.size()) {
      // Ascending keys fill chunks to the brim instead of leaving halves behind.
      append_chunk(key, slot);
    } else {
      split(index);
      constexpr std::size_t half = kChunkPairsMax / 2;
      if (offset > half) {
        insert_at(index + 1, offset - half, key, slot);
      } else {
        insert_at(index, offset, key, slot);
      }
    }
    return true;
  }

  /** False when there is no such pair. */
  bool erase(const Key& key, std::uint32_t slot) {
    if (chunks_.empty()) return false;
    const std::size_t index = chunk_for(key, slot);
    Chunk& chunk = chunks_[index];
    const std::size_t offset = offset_in(chunk, key, slot);
    if (offset == chunk.keys.size() || !holds(chunk, offset, key, slot)) return false;
    chunk.keys.erase(chunk.keys.begin() + static_cast<std::ptrdiff_t>(offset));
    chunk.slots.erase(chunk.slots.begin() + static_cast<std::ptrdiff_t>(offset));
    size_--;
    settle(index);
    return true;
  }

  /** Takes out every pair whose slot `gone(slot)` names. */
  template <class Gone>
  void erase_slots(Gone&& gone) {
    SortedPairs kept;
    visit_from(begin(), [&](const Key& key, std::uint32_t slot) {
      if (!gone(slot)) kept.append(key, slot);
      return true;
    });
    if (kept.size_ != size_) *this = std::move(kept);
  }

  /** Adds a pair that sorts after all others; false when it does not. */
  bool append(const Key& key, std::uint32_t slot) {
    if (!chunks_.empty()) {
      const Chunk& last = chunks_.back();
      if (!less(last.keys.back(), last.slots.back(), key, slot)) return false;
    }
    if (chunks_.empty() || chunks_.back().keys.size() == kChunkPairsMax) {
      append_chunk(key, slot);
    } else {
      insert_at(chunks_.size() - 1, chunks_.back().keys.size(), key, slot);
    }
    return true;
  }

  /** The smallest slot with this key. */
  std::optional<std::uint32_t> find(const Key& key) const {
    const Position at = lower_bound(key);
    if (at.chunk == chunks_.size() || chunks_[at.chunk].keys[at.offset] != key) return std::nullopt;
    return chunks_[at.chunk].slots[at.offset];
  }

  /** The first pair whose key is not less. */
  Position lower_bound(const Key& key) const {
    return partition_point([&](const Key& other) { return other < key; });
  }

  /** The first pair for whose key `before` is false; `before` must be true for a prefix of the keys. */
  template <class Before>
  Position partition_point(Before&& before) const {
    const auto first = std::partition_point(firsts_.begin(), firsts_.end(), [&](const First& f) { return before(f.key); });
    if (first == firsts_.begin()) return begin();
    const std::size_t index = static_cast<std::size_t>(first - firsts_.begin()) - 1;
    const Chunk& chunk = chunks_[index];
    const auto key = std::partition_point(chunk.keys.begin(), chunk.keys.end(), before);
    if (key == chunk.keys.end()) return {index + 1, 0};
    return {index, static_cast<std::size_t>(key - chunk.keys.begin())};
  }

  /** Visits (key, slot) in order; stops when `visit` returns false, and then returns false. */
  template <class Visit>
  bool visit_from(Position from, Visit&& visit) const {
    for (std::size_t c = from.chunk; c < chunks_.size(); c++) {
      const Chunk& chunk = chunks_[c];
      for (std::size_t i = c == from.chunk ? from.offset : 0; i < chunk.keys.size(); i++) {
        if (!visit(chunk.keys[i], chunk.slots[i])) return false;
      }
    }
    return true;
  }

  /** Visits the slots of [from, to). */
  template <class Visit>
  void visit_slots(Position from, Position to, Visit&& visit) const {
    for (std::size_t c = from.chunk; c < chunks_.size() && c <= to.chunk; c++) {
      const Chunk& chunk = chunks_[c];
      const std::size_t last = c == to.chunk ? to.offset : chunk.slots.size();
      for (std::size_t i = c == from.chunk ? from.offset : 0; i < last; i++) visit(chunk.slots[i]);
    }
  }

  /** Pairs in [from, to). */
  std::size_t distance(Position from, Position to) const {
    if (to.chunk < from.chunk || (to.chunk == from.chunk && to.offset <= from.offset)) return 0;
    std::size_t pairs = to.offset;
    for (std::size_t c = from.chunk; c < to.chunk; c++) pairs += chunks_[c].keys.size();
    return pairs - from.offset;
  }

  std::size_t memory_bytes() const noexcept {
    std::size_t bytes = chunks_.capacity() * sizeof(Chunk) + firsts_.capacity() * sizeof(First);
    for (const Chunk& chunk : chunks_) {
      bytes += chunk.keys.capacity() * sizeof(Key) + chunk.slots.capacity() * sizeof(std::uint32_t);
    }
    return bytes;
  }

 private:
  static constexpr std::size_t kChunkPairsMax = 1024;

  struct Chunk {
    std::vector<Key> keys;
    std::vector<std::uint32_t> slots;
  };
  // The first pair of each chunk, in one array so that a look-up touches one chunk only.
  struct First {
    Key key;
    std::uint32_t slot;
  };

  static bool less(const Key& a, std::uint32_t a_slot, const Key& b, std::uint32_t b_slot) {
    return a < b || (a == b && a_slot < b_slot);
  }

  static bool holds(const Chunk& chunk, std::size_t offset, const Key& key, std::uint32_t slot) {
    return chunk.slots[offset] == slot && chunk.keys[offset] == key;
  }

  /** The chunk in which a pair is or belongs. */
  std::size_t chunk_for(const Key& key, std::uint32_t slot) const {
    const auto after = std::partition_point(firsts_.begin(), firsts_.end(),
                                            [&](const First& first) { return !less(key, slot, first.key, first.slot); });
    return after == firsts_.begin() ? 0 : static_cast<std::size_t>(after - firsts_.begin()) - 1;
  }

  static std::size_t offset_in(const Chunk& chunk, const Key& key, std::uint32_t slot) {
    std::size_t low = 0;
    std::size_t high = chunk.keys.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (less(chunk.keys[middle], chunk.slots[middle], key, slot)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  void append_chunk(const Key& key, std::uint32_t slot) {
    firsts_.push_back({key, slot});
    chunks_.push_back({{key}, {slot}});
    size_++;
  }

  void insert_at(std::size_t index, std::size_t offset, const Key& key, std::uint32_t slot) {
    Chunk& chunk = chunks_[index];
    chunk.keys.insert(chunk.keys.begin() + static_cast<std::ptrdiff_t>(offset), key);
    chunk.slots.insert(chunk.slots.begin() + static_cast<std::ptrdiff_t>(offset), slot);
    if (offset == 0) firsts_[index] = {key, slot};
    size_++;
  }

  void split(std::size_t index) {
    constexpr std::ptrdiff_t half = kChunkPairsMax / 2;
    Chunk& low = chunks_[index];
    Chunk high{{low.keys.begin() + half, low.keys.end()}, {low.slots.begin() + half, low.slots.end()}};
    low.keys.resize(half);
    low.slots.resize(half);
    firsts_.insert(firsts_.begin() + static_cast<std::ptrdiff_t>(index) + 1, {high.keys.front(), high.slots.front()});
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(high));
  }

  /** After an erase: corrects the directory, drops an empty chunk, joins two that fit half of one. */
  void settle(std::size_t index) {
    if (chunks_[index].keys.empty()) {
      drop(index);
      return;
    }
    firsts_[index] = {chunks_[index].keys.front(), chunks_[index].slots.front()};
    if (index + 1 < chunks_.size() && chunks_[index].keys.size() + chunks_[index + 1].keys.size() <= kChunkPairsMax / 2) {
      Chunk& low = chunks_[index];
      const Chunk& high = chunks_[index + 1];
      low.keys.insert(low.keys.end(), high.keys.begin(), high.keys.end());
      low.slots.insert(low.slots.end(), high.slots.begin(), high.slots.end());
      drop(index + 1);
    }
  }

  void drop(std::size_t index) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(index));
    firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::vector<Chunk> chunks_;
  std::vector<First> firsts_;
  std::size_t size_ = 0;
};

}  // namespace vdb
