// Which rows the vector of each slot is in, for one vector name.
//
// Most collections never update or omit a vector, and then slot and row are the same number: the
// table is kept only once they differ. Guarded by the shard's lock like everything that is
// published to readers.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "io/bytes.h"

namespace vdb {

struct RowRange {
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  uint32_t first = kNone;
  uint32_t count = 0;

  bool empty() const noexcept { return count == 0; }
};

class RowTable {
 public:
  /// Slots that were ever made. A dead slot keeps its entry, so that deletes leave an identity alone.
  uint32_t slots() const noexcept { return slots_; }
  bool identity() const noexcept { return identity_; }

  RowRange get(uint32_t slot) const noexcept {
    if (slot >= slots_) return {};
    if (identity_) return {slot, 1};
    if (first_[slot] == RowRange::kNone) return {};
    return {first_[slot], counts_.empty() ? 1 : counts_[slot]};
  }

  /// Adds the next slot; an empty range means that it has no such vector.
  void append(RowRange rows) {
    const bool fits = identity_ && rows.count == 1 && rows.first == slots_;
    if (!fits) materialize();
    slots_++;
    if (fits) return;
    first_.push_back(RowRange::kNone);
    if (!counts_.empty()) counts_.push_back(0);
    set(slots_ - 1, rows);
  }

  void set(uint32_t slot, RowRange rows) {
    materialize();
    first_[slot] = rows.empty() ? RowRange::kNone : rows.first;
    if (rows.empty()) return;
    if (counts_.empty() && rows.count != 1) {
      // Only multivectors own several rows; until the first such one the counts are all 1.
      counts_.assign(slots_, 1);
    }
    if (!counts_.empty()) counts_[slot] = rows.count;
  }

  /** The number of slots is not part of it: the slots before it in the file say that. */
  void save(ByteWriter& out) const {
    out.u8(identity_ ? 1 : 0);
    if (identity_) return;
    out.u32s(first_);
    out.u8(counts_.empty() ? 0 : 1);
    out.u32s(counts_);
  }

  /** Fills an empty table; throws FormatError when an entry lies past `rows`. */
  void load(ByteReader& in, uint32_t slots, uint32_t rows) {
    slots_ = slots;
    identity_ = in.u8() == 1;
    if (identity_) {
      if (slots > rows) throw FormatError("a row table names rows past the end of its rows");
      return;
    }
    if (in.remaining() / sizeof(uint32_t) < slots) throw FormatError("a row table is cut short");
    first_.resize(slots);
    in.u32s(first_);
    if (in.u8() == 1) {
      if (in.remaining() / sizeof(uint32_t) < slots) throw FormatError("a row table is cut short");
      counts_.resize(slots);
      in.u32s(counts_);
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
      const RowRange range = get(slot);
      if (!range.empty() && (range.first > rows || range.count > rows - range.first)) {
        throw FormatError("a row table names rows past the end of its rows");
      }
    }
  }

  uint64_t memory_bytes() const noexcept { return (first_.capacity() + counts_.capacity()) * sizeof(uint32_t); }

 private:
  void materialize() {
    if (!identity_) return;
    identity_ = false;
    first_.resize(slots_);
    for (uint32_t slot = 0; slot < slots_; slot++) first_[slot] = slot;
  }

  uint32_t slots_ = 0;
  bool identity_ = true;
  std::vector<uint32_t> first_;
  std::vector<uint32_t> counts_;
};

}  // namespace vdb
