// What one operation does to a generation, worked out before anything is published.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shard/generation.h"

namespace vdb {

/** What happens to one vector of one point. */
struct RowChange {
  bool changed = false;
  /** Empty: the point loses this vector. */
  RowRange rows;
};

struct SlotChange {
  enum class Kind : uint8_t { kNew, kUpdated, kDeleted };
  Kind kind = Kind::kUpdated;
  uint32_t slot = 0;
  PointId id;
  bool payload_changed = false;
  /** Filled where field indexes want them. */
  std::string old_payload;
  std::string new_payload;
};

/**
 * The changes of one operation, in its order, at most one per slot. Rows are appended while it is
 * built; if it is never published they are given up, dead.
 */
class ChangeSet {
 public:
  explicit ChangeSet(Generation& generation) : generation_(generation), spaces_(generation.vectors.size()) {}
  ~ChangeSet();
  ChangeSet(const ChangeSet&) = delete;
  ChangeSet& operator=(const ChangeSet&) = delete;

  SlotChange& add(SlotChange::Kind kind, uint32_t slot, const PointId& id);
  size_t size() const noexcept { return changes_.size(); }
  bool empty() const noexcept { return changes_.empty(); }
  SlotChange& operator[](size_t i) { return changes_[i]; }
  std::vector<SlotChange>& changes() noexcept { return changes_; }

  RowChange& rows(size_t change, size_t space) { return rows_[change * spaces_ + space]; }

  /** The caller holds the generation's lock alone. */
  void publish(uint64_t sequence, bool with_fields);

 private:
  void publish_one(size_t i, uint64_t sequence, bool with_fields);

  Generation& generation_;
  const size_t spaces_;
  std::vector<SlotChange> changes_;
  std::vector<RowChange> rows_;
  bool published_ = false;
};

}  // namespace vdb
