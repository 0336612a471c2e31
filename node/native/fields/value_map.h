#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "fields/field_index.h"

namespace vdb {

/**
 * Value -> slots. A tree and not a hash, because the values come from clients: no choice of them
 * makes it slow, and it is saved in one order always.
 */
template <class Key>
class ValueMap {
 public:
  template <class View>
  void add(const View& key, std::uint32_t slot) {
    auto at = slots_.find(key);
    if (at == slots_.end()) {
      at = slots_.emplace(Key(key), SlotSet()).first;
      key_bytes_ += heap_bytes(at->first);
    }
    if (at->second.add(slot)) pairs_++;
  }

  template <class View>
  void remove(const View& key, std::uint32_t slot) {
    const auto at = slots_.find(key);
    if (at == slots_.end() || !at->second.remove(slot)) return;
    pairs_--;
    if (at->second.empty()) erase(at);
  }

  void remove_all(std::span<const std::uint64_t> slot_words) {
    for (auto at = slots_.begin(); at != slots_.end();) {
      pairs_ -= at->second.size();
      at->second.remove_all(slot_words);
      pairs_ += at->second.size();
      at = at->second.empty() ? erase(at) : std::next(at);
    }
  }

  /** Sets the bits of slots with a value among `keys`, which are ascending. */
  void match_any(std::span<const Key> keys, std::span<std::uint64_t> words) const {
    for (const Key& key : keys) {
      const auto at = slots_.find(key);
      if (at != slots_.end()) at->second.or_into(words);
    }
  }

  /**
   * Sets the bits of slots with a value that is not among `keys`. Slots with one value are settled
   * by taking away; only when a slot with several values has one of `keys` are all values walked.
   */
  void match_except(std::span<const Key> keys, const SlotSet& indexed, const SlotSet& several,
                    std::span<std::uint64_t> words) const {
    std::vector<std::uint64_t> listed(words.size(), 0);
    match_any(keys, listed);
    std::vector<std::uint64_t> all(words.size(), 0);
    indexed.or_into(all);
    std::vector<std::uint64_t> open(words.size(), 0);
    several.or_into(open);
    bool walk = false;
    for (std::size_t w = 0; w < words.size(); w++) {
      words[w] |= all[w] & ~listed[w];
      walk = walk || (open[w] & listed[w]) != 0;
    }
    if (!walk) return;
    auto next = keys.begin();
    for (const auto& [key, slots] : slots_) {
      while (next != keys.end() && *next < key) ++next;
      if (next == keys.end() || key < *next) slots.or_into(words);
    }
  }

  /** Slots that each of `keys` has: the largest, and the sum. */
  std::pair<std::uint64_t, std::uint64_t> largest_and_sum(std::span<const Key> keys) const {
    std::uint64_t largest = 0;
    std::uint64_t sum = 0;
    for (const Key& key : keys) {
      const auto at = slots_.find(key);
      const std::uint64_t size = at == slots_.end() ? 0 : at->second.size();
      largest = std::max(largest, size);
      sum += size;
    }
    return {largest, sum};
  }

  Cardinality cardinality(std::span<const Key> keys, bool except, std::uint64_t indexed, std::uint64_t others) const {
    const auto [largest, sum] = largest_and_sum(keys);
    if (!except) {
      const std::uint64_t most = std::min(sum, indexed);
      return {largest, most, most};
    }
    // A slot of the index fails only when it has one of the keys.
    const std::uint64_t least = indexed - std::min(indexed, sum);
    return {std::max(least, others), least + others, indexed + others};
  }

  /** An estimate: nodes of the tree, keys, and two bytes for a slot in a set. */
  std::uint64_t memory_bytes() const noexcept {
    constexpr std::uint64_t node_bytes = 32 + sizeof(Key) + sizeof(SlotSet);
    return slots_.size() * node_bytes + key_bytes_ + pairs_ * 2;
  }

  const std::map<Key, SlotSet, std::less<>>& entries() const noexcept { return slots_; }

  /** Puts a whole set under a new key; false when the key is there already. */
  bool put(Key key, SlotSet slots) {
    const std::size_t size = slots.size();
    const auto [at, fresh] = slots_.emplace(std::move(key), std::move(slots));
    if (!fresh) return false;
    key_bytes_ += heap_bytes(at->first);
    pairs_ += size;
    return true;
  }

 private:
  using Map = std::map<Key, SlotSet, std::less<>>;

  static std::size_t heap_bytes(const Key& key) {
    if constexpr (requires { key.capacity(); }) {
      return key.capacity() < sizeof(Key) ? 0 : key.capacity();
    } else {
      return 0;
    }
  }

  typename Map::iterator erase(typename Map::iterator at) {
    key_bytes_ -= heap_bytes(at->first);
    return slots_.erase(at);
  }

  Map slots_;
  std::uint64_t key_bytes_ = 0;
  std::uint64_t pairs_ = 0;
};

}  // namespace vdb
