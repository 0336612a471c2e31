#include "shard/applier.h"

#include "io/file.h"
#include "shard/pending_operation.h"

namespace vdb {

namespace {

std::vector<uint8_t> sparse_value(const VectorView& vector) {
  ByteWriter out(sizeof(uint32_t) + vector.index_bytes.size() + vector.value_bytes.size());
  out.count(vector.value_count());
  out.raw(vector.index_bytes);
  out.raw(vector.value_bytes);
  return out.take();
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

Applier::Applier(Generation& generation)
    : generation_(generation), stored_applied_(generation.store().get_u64(generation.keys().applied()).value_or(0)) {}

ApplyOutcome Applier::apply(uint64_t sequence, const Operation& operation, ApplyMode mode) {
  rows_added_ = 0;
  PendingOperation pending(generation_, sequence, mode);
  std::visit([&](const auto& body) { apply_operation(pending, body); }, operation);
  publish(pending);
  return pending.outcome;
}

ApplyOutcome Applier::apply_logged(uint64_t sequence, std::span<const uint8_t> record, ApplyMode mode) {
  ClockTag clock;
  try {
    const LoggedOperation logged = [&] {
      try {
        return decode_operation(record);
      } catch (const FormatError& error) {
        throw BadRequest(error.what());
      }
    }();
    clock = logged.clock;
    const ApplyOutcome outcome = apply(sequence, logged.operation, mode);
    generation_.clocks.note(clock);
    return outcome;
  } catch (const BadRequest&) {
    // It is in the log, so every replica and every replay must pass it in the same way: as nothing.
    apply(sequence, Nothing{}, mode);
    generation_.clocks.note(clock);
    throw;
  }
}

void Applier::publish(PendingOperation& pending) {
  if (pending.live()) {
    read_old_payloads(pending);
  } else {
    for (const SlotChange& change : pending.changes.changes()) {
      if (touched_.size() <= change.slot / 64) touched_.resize(change.slot / 64 + 1);
      touched_[change.slot / 64] |= uint64_t{1} << (change.slot % 64);
    }
  }
  // A replay never sets it back: that RocksDB is ahead of the log must be seen until a checkpoint has dealt with it.
  if (pending.live() || pending.sequence > stored_applied_) {
    pending.batch.put_u64(generation_.keys().applied(), pending.sequence);
  }
  const ExclusiveGuard store_guard(generation_.store_lock);
  generation_.store().write(pending.batch);
  const ExclusiveGuard guard(generation_.lock);
  if (pending.created.has_value()) generation_.fields.adopt(std::move(*pending.created));
  if (pending.dropped.has_value()) generation_.fields.drop(*pending.dropped);
  pending.changes.publish(pending.sequence, pending.live());
}

/** Field indexes take a payload out by its values, so they want what is about to be replaced. */
void Applier::read_old_payloads(PendingOperation& pending) {
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

void Applier::set_payload(PendingOperation& pending, SlotChange& change, std::string payload) {
  change.payload_changed = true;
  const Key key = generation_.keys().payload(change.slot);
  if (payload.empty() || payload == "{}") {
    // Removed for a new point too: a slot may have a payload of an operation that the log lost.
    pending.batch.remove(key);
    payload.clear();
  } else {
    pending.batch.put(key, std::string_view(payload));
  }
  if (pending.live() && !generation_.fields.empty()) change.new_payload = std::move(payload);
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
void Applier::add_rows(PendingOperation& pending, const PointList& list, const std::vector<int>& spaces,
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

void Applier::remove_sparse(PendingOperation& pending, uint32_t slot, size_t space) {
  pending.batch.remove(generation_.keys().sparse(static_cast<uint16_t>(space), slot));
}

void Applier::write_vectors(PendingOperation& pending, const PointList& list, const std::vector<int>& spaces,
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
        pending.batch.put(generation_.keys().sparse(static_cast<uint16_t>(space), slot), sparse_value(vector));
      }
    }
  }
}

void Applier::fill_index(FieldIndexes& indexes, const std::string& path) const {
  StoreIterator payloads = generation_.store().iterate(generation_.keys().kind(KeyKind::kPayload));
  while (payloads.next()) {
    const uint32_t slot = ShardKeys::slot_of(payloads.key());
    if (generation_.slots.live(slot)) indexes.add_to(path, slot, text_of(payloads.value()));
  }
}

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

void Applier::agree_with_store() {
  const std::vector<FieldIndexInfo> present = generation_.fields.list();
  FieldIndexes fresh;
  for (const FieldIndexInfo& index : present) {
    fresh.create(index.path, index.type, index.parameters);
    fill_index(fresh, index.path);
  }
  generation_.fields = std::move(fresh);
  touched_.clear();
  unfilled_.clear();
  std::string value;
  for (const auto& space : generation_.vectors) {
    if (space->has_rows()) continue;
    for (uint32_t slot = 0; slot < generation_.slots.count(); slot++) {
      if (space->table().get(slot).empty() || !generation_.slots.live(slot)) continue;
      if (!generation_.store().get(generation_.keys().sparse(space->index(), slot), value)) space->publish_replaced(slot, {});
    }
  }
}

}  // namespace vdb
