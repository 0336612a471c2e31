// The points of a generation: which id and version each slot has, and whether it is live.
//
// A slot is a point for its lifetime; a deleted one is not used again until a vacuum numbers the
// slots anew. Everything is guarded by the shard's lock but liveness, which searches read without.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "io/bytes.h"
#include "shard/atomic_bits.h"

namespace vdb {

class Slots {
 public:
  /** Slots that were ever made; all of them lie below it. */
  uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }
  uint32_t live_count() const noexcept { return live_count_.load(std::memory_order_relaxed); }
  bool live(uint32_t slot) const noexcept { return live_.test(slot); }
  std::vector<uint64_t> live_words() const { return live_.words(count()); }

  PointId id(uint32_t slot) const;
  uint64_t version(uint32_t slot) const { return versions_[slot]; }

  /** Makes the next slot, live. */
  uint32_t append(const PointId& id, uint64_t version);
  void set_version(uint32_t slot, uint64_t version) { versions_[slot] = version; }
  void kill(uint32_t slot);

  uint64_t memory_bytes() const noexcept;

  void save(ByteWriter& out) const;
  /** Fills an empty table; throws FormatError. */
  void load(ByteReader& in);

 private:
  void append_id(const PointId& id);

  std::atomic<uint32_t> count_{0};
  std::atomic<uint32_t> live_count_{0};
  AtomicBits live_;
  std::vector<uint64_t> versions_;
  // The id if it is an integer, else the position of the UUID in uuids_: most collections use one
  // kind, and integers should not pay for the other.
  std::vector<uint64_t> numbers_;
  std::vector<bool> is_uuid_;
  std::vector<std::array<uint8_t, 16>> uuids_;
};

}  // namespace vdb
