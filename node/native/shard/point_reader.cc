#include "shard/point_reader.h"

namespace vdb {

struct PointReader::Found {
  uint32_t slot;
  float score;
  PointId id;
  uint64_t version;
  std::string payload;
  /** Of spaces_, in their order. */
  std::vector<RowRange> rows;
  std::vector<std::string> sparse;
};

std::vector<VectorSpace*> PointReader::selected_spaces(Generation& generation, const Selection& selection) {
  const VectorSelector selector = decode_vector_selector(selection.vectors);
  for (const std::string& name : selector.names) {
    if (generation.find(name) == nullptr) throw BadRequest("Not existing vector name error: " + name);
  }
  std::vector<VectorSpace*> spaces;
  for (const auto& space : generation.vectors) {
    if (selector.wants(space->schema().name)) spaces.push_back(space.get());
  }
  return spaces;
}

std::vector<std::string> PointReader::names_of(const std::vector<VectorSpace*>& spaces) {
  std::vector<std::string> names;
  for (const VectorSpace* space : spaces) names.push_back(space->schema().name);
  return names;
}

PointReader::PointReader(Generation& generation, const Selection& selection, bool scores)
    : generation_(generation),
      payload_(decode_payload_selector(selection.payload)),
      spaces_(selected_spaces(generation, selection)),
      batch_(BatchContents{scores, payload_.wants_any(), decode_vector_selector(selection.vectors).wants_any()},
             names_of(spaces_)) {
  for (const VectorSpace* space : spaces_) any_sparse_ = any_sparse_ || !space->has_rows();
}

size_t PointReader::add(std::span<const ScoredSlot> points) {
  std::vector<Found> found;
  found.reserve(points.size());
  {
    // What RocksDB has must be of the same moment as the slots, so the store's lock covers both.
    SharedGuard store_guard(generation_.store_lock, std::defer_lock);
    if (payload_.wants_any() || any_sparse_) store_guard.lock();
    {
      const SharedGuard guard(generation_.lock);
      for (const ScoredSlot& point : points) {
        if (!generation_.slots.live(point.slot)) continue;
        Found& entry = found.emplace_back();
        entry.slot = point.slot;
        entry.score = point.score;
        entry.id = generation_.slots.id(point.slot);
        entry.version = generation_.slots.version(point.slot);
        for (const VectorSpace* space : spaces_) entry.rows.push_back(space->table().get(point.slot));
      }
    }
    if (payload_.wants_any()) read_payloads(found);
    if (any_sparse_) read_sparse(found);
  }
  for (const Found& point : found) {
    batch_.begin_point(point.id, point.version, point.score);
    if (payload_.wants_any()) batch_.payload(point.payload);
    write_vectors(point);
  }
  return found.size();
}

void PointReader::read_payloads(std::vector<Found>& found) const {
  std::vector<Key> keys;
  keys.reserve(found.size());
  for (const Found& point : found) keys.push_back(generation_.keys().payload(point.slot));
  generation_.store().multi_get(keys, [&](size_t i, std::optional<std::span<const uint8_t>> value) {
    if (!value.has_value()) return;
    const std::string_view payload(reinterpret_cast<const char*>(value->data()), value->size());
    found[i].payload = payload_.mode == PayloadSelector::Mode::kAll ? std::string(payload) : select_payload(payload, payload_);
  });
}

void PointReader::read_sparse(std::vector<Found>& found) const {
  for (Found& point : found) {
    point.sparse.resize(spaces_.size());
    for (size_t v = 0; v < spaces_.size(); v++) {
      if (spaces_[v]->has_rows() || point.rows[v].empty()) continue;
      generation_.store().get(generation_.keys().sparse(spaces_[v]->index(), point.slot), point.sparse[v]);
    }
  }
}

void PointReader::write_vectors(const Found& point) {
  for (size_t v = 0; v < spaces_.size(); v++) {
    const RowRange rows = point.rows[v];
    if (rows.empty()) continue;
    const auto name = static_cast<uint16_t>(v);
    if (!spaces_[v]->has_rows()) {
      const std::string& stored = point.sparse[v];
      ByteReader in({reinterpret_cast<const uint8_t*>(stored.data()), stored.size()});
      std::vector<uint32_t> indices(in.count(sizeof(uint32_t) + sizeof(float)));
      std::vector<float> values(indices.size());
      in.u32s(indices);
      in.f32s(values);
      batch_.sparse(name, indices, values);
      continue;
    }
    const uint32_t dimension = spaces_[v]->schema().dimension;
    std::vector<float> values(size_t{rows.count} * dimension);
    for (uint32_t i = 0; i < rows.count; i++) {
      spaces_[v]->rows().read(rows.first + i, std::span(values).subspan(size_t{i} * dimension, dimension));
    }
    if (spaces_[v]->schema().kind == VectorKind::kMulti) {
      batch_.multi(name, dimension, values);
    } else {
      batch_.dense(name, values);
    }
  }
}

}  // namespace vdb
