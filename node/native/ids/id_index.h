#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "ids/sorted_pairs.h"
#include "io/bytes.h"

namespace vdb {

/**
 * The live points of a shard: id -> slot, and the ids in order (integers before UUIDs), which scroll
 * pages through.
 *
 * One ordered structure does both. It costs 12 bytes and slack per integer id and 20 per UUID, less
 * than a hash of slots beside an order of slots, needs no second table to compare ids, and takes
 * ascending ids, the common upload, at its end. One writer; readers hold the shard's shared lock.
 */
class IdIndex {
 public:
  /** False, and no change, when the id is there already. */
  bool insert(const PointId& id, std::uint32_t slot);
  /** The slot that the id had. */
  std::optional<std::uint32_t> erase(const PointId& id);
  std::optional<std::uint32_t> find(const PointId& id) const;
  std::size_t size() const noexcept { return numbers_.size() + uuids_.size(); }
  std::size_t memory_bytes() const noexcept { return numbers_.memory_bytes() + uuids_.memory_bytes(); }

  /** Visits (id, slot) in id order from the first id at or after `from`; stops when `visit` returns false. */
  template <class Visit>
  void visit_from(const PointId& from, Visit&& visit) const;
  template <class Visit>
  void visit_all(Visit&& visit) const {
    visit_from(PointId::of_number(0), visit);
  }

  void save(ByteWriter& out) const;
  /** Replaces the contents. Throws FormatError, also for a slot at or past `slot_count` or ids out of order. */
  void load(ByteReader& in, std::uint32_t slot_count);

 private:
  using Uuid = std::array<std::uint8_t, 16>;
  SortedPairs<std::uint64_t> numbers_;
  SortedPairs<Uuid> uuids_;
};

template <class Visit>
void IdIndex::visit_from(const PointId& from, Visit&& visit) const {
  if (!from.uuid) {
    const bool more = numbers_.visit_from(numbers_.lower_bound(from.number), [&](std::uint64_t number, std::uint32_t slot) {
      return visit(PointId::of_number(number), slot);
    });
    if (!more) return;
  }
  const auto start = from.uuid ? uuids_.lower_bound(from.bytes) : uuids_.begin();
  uuids_.visit_from(start, [&](const Uuid& bytes, std::uint32_t slot) { return visit(PointId::of_uuid(bytes), slot); });
}

}  // namespace vdb
