// Each kind of operation, turned into changes of slots, rows and payloads.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "payload/payload_edit.h"
#include "shard/applier.h"
#include "shard/pending_operation.h"

namespace vdb {

namespace {

/** The last of the points with the same id counts, in the place of the last. */
std::vector<const PointView*> last_of_each(const PointList& list) {
  std::vector<const PointView*> points;
  points.reserve(list.points.size());
  std::unordered_set<PointId> seen;
  seen.reserve(list.points.size());
  for (auto point = list.points.rbegin(); point != list.points.rend(); ++point) {
    if (seen.insert(point->id).second) points.push_back(&*point);
  }
  std::reverse(points.begin(), points.end());
  return points;
}

}  // namespace

void Applier::apply_operation(PendingOperation& pending, const UpsertPoints& operation) {
  const std::vector<int> spaces = spaces_of(operation);
  check_vectors(operation, spaces);
  const std::vector<const PointView*> points = last_of_each(operation);
  uint32_t next = generation_.slots.count();
  for (const PointView* point : points) {
    const auto slot = generation_.ids.find(point->id);
    const auto kind = slot.has_value() ? SlotChange::Kind::kUpdated : SlotChange::Kind::kNew;
    SlotChange& change = pending.changes.add(kind, slot.has_value() ? *slot : next++, point->id);
    set_payload(pending, change, std::string(point->payload));
  }
  for (size_t i = 0; i < points.size(); i++) {
    // An upsert replaces the whole point: vectors that it does not name are gone.
    for (size_t space = 0; space < generation_.vectors.size(); space++) {
      pending.changes.rows(i, space).changed = true;
      if (!generation_.vectors[space]->has_rows()) remove_sparse(pending, pending.changes[i].slot, space);
    }
  }
  write_vectors(pending, operation, spaces, points);
}

void Applier::apply_operation(PendingOperation& pending, const UpdateVectors& operation) {
  const std::vector<int> spaces = spaces_of(operation);
  check_vectors(operation, spaces);
  // Several entries of one point are one update with all their vectors, the last of each name.
  PointList merged;
  merged.names = operation.names;
  std::unordered_map<PointId, std::vector<VectorView>> vectors;
  std::vector<PointId> order;
  for (const PointView& point : operation.points) {
    auto [entry, fresh] = vectors.try_emplace(point.id);
    if (fresh) order.push_back(point.id);
    const auto views = operation.vectors_of(point);
    entry->second.insert(entry->second.end(), views.begin(), views.end());
  }
  for (const PointId& id : order) {
    const auto slot = generation_.ids.find(id);
    if (!slot.has_value()) {
      if (!pending.outcome.missing.has_value()) pending.outcome.missing = id;
      continue;
    }
    pending.changes.add(SlotChange::Kind::kUpdated, *slot, id);
    PointView point;
    point.id = id;
    point.first_vector = static_cast<uint32_t>(merged.vectors.size());
    const auto& views = vectors.at(id);
    point.vector_count = static_cast<uint16_t>(std::min<size_t>(views.size(), UINT16_MAX));
    merged.vectors.insert(merged.vectors.end(), views.end() - point.vector_count, views.end());
    merged.points.push_back(point);
  }
  std::vector<const PointView*> points;
  for (const PointView& point : merged.points) points.push_back(&point);
  write_vectors(pending, merged, spaces, points);
}

/** One change for each id that exists; the first that does not is reported. */
void Applier::name_slots(PendingOperation& pending, const std::vector<PointId>& ids) {
  std::unordered_set<PointId> seen;
  seen.reserve(ids.size());
  for (const PointId& id : ids) {
    if (!seen.insert(id).second) continue;
    const auto slot = generation_.ids.find(id);
    if (slot.has_value()) {
      pending.changes.add(SlotChange::Kind::kUpdated, *slot, id);
    } else if (!pending.outcome.missing.has_value()) {
      pending.outcome.missing = id;
    }
  }
}

void Applier::apply_operation(PendingOperation& pending, const DeletePoints& operation) {
  name_slots(pending, operation.ids);
  // Deleting what is not there is no error.
  pending.outcome.missing.reset();
  for (size_t i = 0; i < pending.changes.size(); i++) {
    SlotChange& change = pending.changes[i];
    change.kind = SlotChange::Kind::kDeleted;
    set_payload(pending, change, {});
    for (size_t space = 0; space < generation_.vectors.size(); space++) {
      if (!generation_.vectors[space]->has_rows()) remove_sparse(pending, change.slot, space);
    }
  }
}

void Applier::apply_operation(PendingOperation& pending, const DeleteVectors& operation) {
  std::vector<size_t> spaces;
  for (const std::string& name : operation.names) {
    const VectorSpace* space = generation_.find(name);
    if (space == nullptr) throw BadRequest("Not existing vector name error: " + name);
    spaces.push_back(space->index());
  }
  name_slots(pending, operation.ids);
  for (size_t i = 0; i < pending.changes.size(); i++) {
    for (const size_t space : spaces) {
      pending.changes.rows(i, space).changed = true;
      if (!generation_.vectors[space]->has_rows()) remove_sparse(pending, pending.changes[i].slot, space);
    }
  }
}

template <class Edit>
void Applier::edit_payloads(PendingOperation& pending, const std::vector<PointId>& ids, Edit edit) {
  name_slots(pending, ids);
  std::vector<Key> keys;
  for (const SlotChange& change : pending.changes.changes()) keys.push_back(generation_.keys().payload(change.slot));
  generation_.store().multi_get(keys, [&](size_t i, std::optional<std::span<const uint8_t>> value) {
    SlotChange& change = pending.changes[i];
    const std::string_view old = value.has_value() ? text_of(*value) : std::string_view();
    if (pending.live() && !generation_.fields.empty()) change.old_payload = old;
    set_payload(pending, change, edit(old));
  });
}

void Applier::apply_operation(PendingOperation& pending, const SetPayload& operation) {
  edit_payloads(pending, operation.ids, [&](std::string_view old) {
    return operation.path.has_value() ? merge_payload_at(old, *operation.path, operation.payload)
                                      : merge_payload(old, operation.payload);
  });
}

void Applier::apply_operation(PendingOperation& pending, const OverwritePayload& operation) {
  name_slots(pending, operation.ids);
  for (SlotChange& change : pending.changes.changes()) set_payload(pending, change, std::string(operation.payload));
}

void Applier::apply_operation(PendingOperation& pending, const DeletePayloadKeys& operation) {
  edit_payloads(pending, operation.ids,
                [&](std::string_view old) { return delete_payload_keys(old, operation.paths); });
}

void Applier::apply_operation(PendingOperation& pending, const ClearPayload& operation) {
  name_slots(pending, operation.ids);
  for (SlotChange& change : pending.changes.changes()) set_payload(pending, change, {});
}

void Applier::apply_operation(PendingOperation& pending, const CreateFieldIndex& operation) {
  const std::string path = operation.path.to_string();
  FieldType type;
  try {
    type = field_type_from(operation.type);
  } catch (const FormatError& error) {
    throw BadRequest(error.what());
  }
  for (const FieldIndexInfo& present : generation_.fields.list()) {
    if (present.path == path && present.type == type && present.parameters == operation.parameters) return;
  }
  // Built aside, so that no filter meets an index that knows only some of the points.
  pending.created.emplace();
  pending.created->create(path, type, operation.parameters);
  if (pending.live()) {
    fill_index(*pending.created, path);
  } else {
    unfilled_.insert(path);
  }
}

void Applier::apply_operation(PendingOperation& pending, const DeleteFieldIndex& operation) {
  pending.dropped = operation.path.to_string();
  unfilled_.erase(*pending.dropped);
}

void Applier::apply_operation(PendingOperation&, const Nothing&) {}

}  // namespace vdb
