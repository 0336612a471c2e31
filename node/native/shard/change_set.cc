#include "shard/change_set.h"

namespace vdb {

SlotChange& ChangeSet::add(SlotChange::Kind kind, uint32_t slot, const PointId& id) {
  SlotChange change;
  change.kind = kind;
  change.slot = slot;
  change.id = id;
  changes_.push_back(std::move(change));
  rows_.resize(changes_.size() * spaces_);
  return changes_.back();
}

ChangeSet::~ChangeSet() {
  if (published_) return;
  for (size_t i = 0; i < changes_.size(); i++) {
    for (size_t v = 0; v < spaces_; v++) {
      if (rows(i, v).changed) generation_.vectors[v]->abandon(rows(i, v).rows);
    }
  }
}

void ChangeSet::publish(uint64_t sequence, bool with_fields) {
  published_ = true;
  for (size_t i = 0; i < changes_.size(); i++) publish_one(i, sequence, with_fields);
  generation_.sequence.store(sequence, std::memory_order_release);
}

void ChangeSet::publish_one(size_t i, uint64_t sequence, bool with_fields) {
  SlotChange& change = changes_[i];
  auto& spaces = generation_.vectors;
  if (with_fields && change.payload_changed && change.kind != SlotChange::Kind::kNew) {
    generation_.fields.remove(change.slot, change.old_payload);
  }
  switch (change.kind) {
    case SlotChange::Kind::kNew:
      for (size_t v = 0; v < spaces_; v++) spaces[v]->publish_new(rows(i, v).rows);
      generation_.slots.append(change.id, sequence);
      generation_.ids.insert(change.id, change.slot);
      break;
    case SlotChange::Kind::kUpdated:
      for (size_t v = 0; v < spaces_; v++) {
        if (rows(i, v).changed) spaces[v]->publish_replaced(change.slot, rows(i, v).rows);
      }
      generation_.slots.set_version(change.slot, sequence);
      break;
    case SlotChange::Kind::kDeleted:
      generation_.slots.kill(change.slot);
      generation_.ids.erase(change.id);
      for (size_t v = 0; v < spaces_; v++) spaces[v]->publish_killed(change.slot);
      return;
  }
  if (with_fields && change.payload_changed) generation_.fields.add(change.slot, change.new_payload);
}

}  // namespace vdb
