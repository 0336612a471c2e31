#include "shard/applier.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "io/file.h"
#include "payload/payload_edit.h"

namespace vdb {

namespace {

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::vector<uint8_t> sparse_value(const VectorView& vector) {
  ByteWriter out(sizeof(uint32_t) + vector.index_bytes.size() + vector.value_bytes.size());
  out.count(vector.value_count());
  out.raw(vector.index_bytes);
  out.raw(vector.value_bytes);
  return out.take();
}

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

bool form_fits(VectorKind kind, VectorForm form) {
  switch (kind) {
    case VectorKind::kDense: return form == VectorForm::kDense;
    case VectorKind::kMulti: return form == VectorForm::kMulti;
    case VectorKind::kSparse: return form == VectorForm::kSparse;
  }
  return false;
}

}  // namespace

struct Applier::Pending {
  Pending(Generation& generation, uint64_t at, ApplyMode how) : sequence(at), mode(how), changes(generation) {}

  const uint64_t sequence;
  const ApplyMode mode;
  ChangeSet changes;
  StoreBatch batch;
  ApplyOutcome outcome;
  /** Index changes are published by these, under the lock. */
  std::optional<FieldIndexes> created;
  std::optional<std::string> dropped;

  bool full() const noexcept { return mode == ApplyMode::kFull; }
};

ApplyOutcome Applier::apply(uint64_t sequence, const Operation& operation, ApplyMode mode) {
  rows_added_ = 0;
  Pending pending(generation_, sequence, mode);
  std::visit([&](const auto& body) { apply_operation(pending, body); }, operation);
  publish(pending);
  return pending.outcome;
}

ApplyOutcome Applier::apply_logged(uint64_t sequence, std::span<const uint8_t> record, ApplyMode mode) {
  try {
    const LoggedOperation logged = [&] {
      try {
        return decode_operation(record);
      } catch (const FormatError& error) {
        throw BadRequest(error.what());
      }
    }();
    if (logged.clock != ClockTag{}) generation_.note_clock(logged.clock);
    return apply(sequence, logged.operation, mode);
  } catch (const BadRequest&) {
    // It is in the log, so every replica and every replay must pass it in the same way: as nothing.
    apply(sequence, Nothing{}, mode);
    throw;
  }
}

void Applier::publish(Pending& pending) {
  if (!pending.full()) {
    for (const SlotChange& change : pending.changes.changes()) {
      if (touched_.size() <= change.slot / 64) touched_.resize(change.slot / 64 + 1);
      touched_[change.slot / 64] |= uint64_t{1} << (change.slot % 64);
    }
    const ExclusiveGuard guard(generation_.lock);
    pending.changes.publish(pending.sequence, false);
    return;
  }
  read_old_payloads(pending);
  pending.batch.put_u64(generation_.keys().applied(), pending.sequence);
  const ExclusiveGuard store_guard(generation_.store_lock);
  generation_.store().write(pending.batch);
  const ExclusiveGuard guard(generation_.lock);
  if (pending.created.has_value()) generation_.fields.adopt(std::move(*pending.created));
  if (pending.dropped.has_value()) generation_.fields.drop(*pending.dropped);
  pending.changes.publish(pending.sequence, true);
}

/** Field indexes take a payload out by its values, so they want what is about to be replaced. */
void Applier::read_old_payloads(Pending& pending) {
  if (generation_.fields.empty()) return;
  std::vector<Key> keys;
  std::vector<size_t> positions;
  for (size_t i = 0; i < pending.changes.size(); i++) {
    SlotChange& change = pending.changes[i];
    if (change.kind == SlotChange::Kind::kNew || !change.payload_changed || !change.old_payload.empty()) continue;
    keys.push_back(generation_.keys().payload(change.slot));
    positions.push_back(i);
  }
  generation_.store().multi_get(keys, [&](size_t i, std::optional<std::span<const uint8_t>> value) {
    if (value.has_value()) pending.changes[positions[i]].old_payload = text_of(*value);
  });
}

void Applier::set_payload(Pending& pending, SlotChange& change, std::string payload) {
  change.payload_changed = true;
  if (!pending.full()) return;
  const Key key = generation_.keys().payload(change.slot);
  if (payload.empty() || payload == "{}") {
    // Removed for a new point too: a slot may have a payload of an operation that the log lost.
    pending.batch.remove(key);
    payload.clear();
  } else {
    pending.batch.put(key, std::string_view(payload));
  }
  if (!generation_.fields.empty()) change.new_payload = std::move(payload);
}

std::vector<int> Applier::spaces_of(const PointList& list) const {
  std::vector<int> spaces;
  for (const std::string& name : list.names) {
    const VectorSpace* space = generation_.find(name);
    if (space == nullptr) throw BadRequest("Not existing vector name error: " + name);
    spaces.push_back(space->index());
  }
  return spaces;
}

void Applier::check_vectors(const PointList& list, const std::vector<int>& spaces) const {
  for (const VectorView& vector : list.vectors) {
    const VectorSchema& schema = generation_.vectors[static_cast<size_t>(spaces[vector.name])]->schema();
    if (!form_fits(schema.kind, vector.form)) throw BadRequest("the vector " + schema.name + " has another form in this collection");
    if (schema.kind != VectorKind::kSparse && vector.dimension != schema.dimension) {
      throw BadRequest("Vector dimension error: expected dim: " + std::to_string(schema.dimension) + ", got " +
                       std::to_string(vector.dimension));
    }
    if (schema.kind == VectorKind::kMulti && vector.rows == 0) throw BadRequest("a multivector must have at least one row");
  }
}

/** Appends the rows that one vector name gets, in one piece: `points[i]` belongs to change i. */
void Applier::add_rows(Pending& pending, const PointList& list, const std::vector<int>& spaces,
                       const std::vector<const PointView*>& points, size_t space) {
  VectorSpace& target = *generation_.vectors[space];
  std::vector<float> values;
  std::vector<uint32_t> slots;
  std::vector<std::pair<size_t, uint32_t>> owners;
  for (size_t i = 0; i < points.size(); i++) {
    const VectorView* found = nullptr;
    for (const VectorView& vector : list.vectors_of(*points[i])) {
      if (static_cast<size_t>(spaces[vector.name]) == space) found = &vector;
    }
    if (found == nullptr) continue;
    const size_t before = values.size();
    values.resize(before + found->value_count());
    found->copy_values(std::span(values).subspan(before));
    slots.insert(slots.end(), found->rows, pending.changes[i].slot);
    owners.emplace_back(i, found->rows);
  }
  if (owners.empty()) return;
  uint32_t row = target.rows().append_rows(values, slots);
  for (const auto& [change, count] : owners) {
    pending.changes.rows(change, space) = {true, {row, count}};
    row += count;
  }
  rows_added_ += slots.size();
}

void Applier::remove_sparse(Pending& pending, uint32_t slot, size_t space) {
  if (pending.full()) pending.batch.remove(generation_.keys().sparse(static_cast<uint16_t>(space), slot));
}

void Applier::write_vectors(Pending& pending, const PointList& list, const std::vector<int>& spaces,
                            const std::vector<const PointView*>& points) {
  if (!directory_made_) {
    create_directories(generation_.directory());
    directory_made_ = true;
  }
  for (size_t space = 0; space < generation_.vectors.size(); space++) {
    if (generation_.vectors[space]->has_rows()) {
      add_rows(pending, list, spaces, points, space);
      continue;
    }
    for (size_t i = 0; i < points.size(); i++) {
      for (const VectorView& vector : list.vectors_of(*points[i])) {
        if (static_cast<size_t>(spaces[vector.name]) != space) continue;
        const uint32_t slot = pending.changes[i].slot;
        pending.changes.rows(i, space) = {true, {slot, 1}};
        if (pending.full()) {
          pending.batch.put(generation_.keys().sparse(static_cast<uint16_t>(space), slot), sparse_value(vector));
        }
      }
    }
  }
}

void Applier::apply_operation(Pending& pending, const UpsertPoints& operation) {
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

void Applier::apply_operation(Pending& pending, const UpdateVectors& operation) {
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
void Applier::name_slots(Pending& pending, const std::vector<PointId>& ids) {
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

void Applier::apply_operation(Pending& pending, const DeletePoints& operation) {
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

void Applier::apply_operation(Pending& pending, const DeleteVectors& operation) {
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
void Applier::edit_payloads(Pending& pending, const std::vector<PointId>& ids, Edit edit) {
  name_slots(pending, ids);
  if (!pending.full()) {
    for (SlotChange& change : pending.changes.changes()) change.payload_changed = true;
    return;
  }
  std::vector<Key> keys;
  for (const SlotChange& change : pending.changes.changes()) keys.push_back(generation_.keys().payload(change.slot));
  generation_.store().multi_get(keys, [&](size_t i, std::optional<std::span<const uint8_t>> value) {
    SlotChange& change = pending.changes[i];
    const std::string_view old = value.has_value() ? text_of(*value) : std::string_view();
    if (!generation_.fields.empty()) change.old_payload = old;
    set_payload(pending, change, edit(old));
  });
}

void Applier::apply_operation(Pending& pending, const SetPayload& operation) {
  edit_payloads(pending, operation.ids, [&](std::string_view old) {
    return operation.path.has_value() ? merge_payload_at(old, *operation.path, operation.payload)
                                      : merge_payload(old, operation.payload);
  });
}

void Applier::apply_operation(Pending& pending, const OverwritePayload& operation) {
  name_slots(pending, operation.ids);
  for (SlotChange& change : pending.changes.changes()) set_payload(pending, change, std::string(operation.payload));
}

void Applier::apply_operation(Pending& pending, const DeletePayloadKeys& operation) {
  edit_payloads(pending, operation.ids,
                [&](std::string_view old) { return delete_payload_keys(old, operation.paths); });
}

void Applier::apply_operation(Pending& pending, const ClearPayload& operation) {
  name_slots(pending, operation.ids);
  for (SlotChange& change : pending.changes.changes()) set_payload(pending, change, {});
}

void Applier::fill_index(FieldIndexes& indexes, const std::string& path) const {
  StoreIterator payloads = generation_.store().iterate(generation_.keys().kind(KeyKind::kPayload));
  while (payloads.next()) {
    const uint32_t slot = ShardKeys::slot_of(payloads.key());
    if (generation_.slots.live(slot)) indexes.add_to(path, slot, text_of(payloads.value()));
  }
}

void Applier::apply_operation(Pending& pending, const CreateFieldIndex& operation) {
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
  if (pending.full()) {
    fill_index(*pending.created, path);
    return;
  }
  generation_.fields.adopt(std::move(*pending.created));
  unfilled_.insert(path);
}

void Applier::apply_operation(Pending& pending, const DeleteFieldIndex& operation) {
  const std::string path = operation.path.to_string();
  if (pending.full()) {
    pending.dropped = path;
    return;
  }
  generation_.fields.drop(path);
  unfilled_.erase(path);
}

void Applier::apply_operation(Pending&, const Nothing&) {}

void Applier::refresh_fields() {
  if (!touched_.empty()) generation_.fields.remove_all(touched_);
  for (const std::string& path : unfilled_) fill_index(generation_.fields, path);
  unfilled_.clear();
  std::string payload;
  for (uint32_t slot = 0; slot < generation_.slots.count() && slot / 64 < touched_.size(); slot++) {
    if ((touched_[slot / 64] >> (slot % 64) & 1) == 0 || !generation_.slots.live(slot)) continue;
    if (generation_.store().get(generation_.keys().payload(slot), payload)) generation_.fields.add(slot, payload);
  }
  touched_.clear();
}

void Applier::rebuild_fields(uint64_t sequence) {
  const std::vector<FieldIndexInfo> present = generation_.fields.list();
  FieldIndexes fresh;
  for (const FieldIndexInfo& index : present) {
    fresh.create(index.path, index.type, index.parameters);
    fill_index(fresh, index.path);
  }
  generation_.fields = std::move(fresh);
  touched_.clear();
  unfilled_.clear();
  StoreBatch batch;
  batch.put_u64(generation_.keys().applied(), sequence);
  generation_.store().write(batch);
}

}  // namespace vdb
