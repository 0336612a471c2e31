// What a shard should hold, kept in the dullest way: a map of points.
#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "codec/point_batch.h"

namespace vdb {

using ModelPayload = std::map<std::string, int>;

struct ModelVector {
  VectorForm form = VectorForm::kDense;
  std::vector<uint32_t> indices;
  std::vector<float> values;

  friend bool operator==(const ModelVector&, const ModelVector&) = default;
};

struct ModelPoint {
  uint64_t version = 0;
  ModelPayload payload;
  std::map<std::string, ModelVector> vectors;

  friend bool operator==(const ModelPoint&, const ModelPoint&) = default;
};

using Model = std::map<PointId, ModelPoint>;

inline std::string to_json(const ModelPayload& payload) {
  std::string out;
  for (const auto& [key, value] : payload) out += (out.empty() ? "{\"" : ",\"") + key + "\":" + std::to_string(value);
  return out.empty() ? out : out + "}";
}

inline ModelPayload payload_of(std::string_view json) {
  ModelPayload payload;
  if (json.empty()) return payload;
  JsonValue(json).each_member([&](const JsonValue& key, const JsonValue& value) {
    payload[key.string()] = static_cast<int>(std::get<int64_t>(value.number()));
    return true;
  });
  return payload;
}

/** The points of a batch that has payloads and vectors, in its order. */
inline std::vector<std::pair<PointId, ModelPoint>> points_of(std::span<const uint8_t> batch) {
  std::vector<std::pair<PointId, ModelPoint>> points;
  PointBatchReader reader(batch);
  BatchPoint point;
  while (reader.next(point)) {
    ModelPoint model;
    model.version = point.version;
    model.payload = payload_of(point.payload);
    for (const VectorView& vector : point.vectors) {
      ModelVector& to = model.vectors[reader.names()[vector.name]];
      to.form = vector.form;
      to.values = vector.values();
      if (vector.form == VectorForm::kSparse) to.indices = vector.indices();
    }
    points.emplace_back(point.id, std::move(model));
  }
  return points;
}

/** Makes random operations, encodes them and does to the model what they should do to the shard. */
class ModelWriter {
 public:
  explicit ModelWriter(uint32_t seed, uint32_t ids) : random_(seed), ids_(ids) {}

  Model points;
  /** Paths with a field index. */
  std::set<std::string> indexes;

  /** The next operation; `sequence` is what it will get. */
  std::vector<uint8_t> next(uint64_t sequence) {
    switch (pick(16)) {
      case 0: return remove(sequence);
      case 1: return set_payload(sequence);
      case 2: return overwrite_payload(sequence);
      case 3: return delete_keys(sequence);
      case 4: return clear_payload(sequence);
      case 5: case 6: return update_vectors(sequence);
      case 7: return delete_vectors(sequence);
      case 8: return pick(4) == 0 ? toggle_index() : upsert(sequence);
      default: return upsert(sequence);
    }
  }

  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  PointId random_id() {
    const uint32_t number = pick(ids_);
    if (number % 5 != 0) return PointId::of_number(number);
    std::array<uint8_t, 16> bytes{};
    bytes[3] = static_cast<uint8_t>(number);
    bytes[9] = static_cast<uint8_t>(number >> 8);
    return PointId::of_uuid(bytes);
  }

  std::vector<float> random_values(size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(pick(2000)) / 100.0F - 10.0F;
    return values;
  }

 private:
  ModelPayload random_payload() {
    ModelPayload payload;
    for (const char* key : {"a", "b", "c"}) {
      if (pick(3) != 0) payload[key] = static_cast<int>(pick(6));
    }
    return payload;
  }

  std::vector<PointId> random_ids() {
    std::vector<PointId> ids(1 + pick(4));
    for (PointId& id : ids) id = random_id();
    return ids;
  }

  ModelVector random_vector(const std::string& name) {
    ModelVector vector;
    if (name == "multi") {
      vector.form = VectorForm::kMulti;
      vector.values = random_values(4 * (1 + pick(3)));
    } else if (name == "sparse") {
      vector.form = VectorForm::kSparse;
      for (uint32_t i = 0; i < 5; i++) vector.indices.push_back(i * 10 + pick(10));
      vector.values = random_values(5);
    } else {
      vector.values = random_values(12);
    }
    return vector;
  }

  std::map<std::string, ModelVector> random_vectors() {
    std::map<std::string, ModelVector> vectors;
    if (pick(8) != 0) vectors[""] = random_vector("");
    if (pick(3) == 0) vectors["multi"] = random_vector("multi");
    if (pick(3) == 0) vectors["sparse"] = random_vector("sparse");
    return vectors;
  }

  static void write_vectors(ByteWriter& out, const std::map<std::string, ModelVector>& vectors) {
    out.u16(static_cast<uint16_t>(vectors.size()));
    for (const auto& [name, vector] : vectors) {
      const uint16_t index = name.empty() ? 0 : name == "multi" ? 1 : 2;
      switch (vector.form) {
        case VectorForm::kDense: write_dense(out, index, vector.values); break;
        case VectorForm::kMulti: write_multi(out, index, 4, vector.values); break;
        case VectorForm::kSparse: write_sparse(out, index, vector.indices, vector.values); break;
      }
    }
  }

  static ByteWriter header(OperationKind kind) {
    ByteWriter out;
    write_operation_header(out, kind, ClockTag{});
    return out;
  }

  static void write_names(ByteWriter& out) {
    const std::vector<std::string> names{"", "multi", "sparse"};
    out.name_table(names);
  }

  std::vector<uint8_t> upsert(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kUpsertPoints);
    write_names(out);
    const uint32_t count = 1 + pick(8);
    out.u32(count);
    for (uint32_t i = 0; i < count; i++) {
      const PointId id = random_id();
      ModelPoint point{sequence, random_payload(), random_vectors()};
      out.id(id);
      write_vectors(out, point.vectors);
      out.blob(to_json(point.payload));
      points[id] = std::move(point);
    }
    return out.take();
  }

  std::vector<uint8_t> update_vectors(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kUpdateVectors);
    write_names(out);
    const uint32_t count = 1 + pick(4);
    out.u32(count);
    for (uint32_t i = 0; i < count; i++) {
      const PointId id = random_id();
      const auto vectors = random_vectors();
      out.id(id);
      write_vectors(out, vectors);
      const auto point = points.find(id);
      if (point == points.end()) continue;
      point->second.version = sequence;
      for (const auto& [name, vector] : vectors) point->second.vectors[name] = vector;
    }
    return out.take();
  }

  std::vector<uint8_t> delete_vectors(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kDeleteVectors);
    const auto ids = random_ids();
    const std::vector<std::string> names{pick(2) == 0 ? "" : "sparse"};
    out.ids(ids);
    out.name_table(names);
    for_existing(ids, sequence, [&](ModelPoint& point) { point.vectors.erase(names.front()); });
    return out.take();
  }

  template <class Change>
  void for_existing(const std::vector<PointId>& ids, uint64_t sequence, Change change) {
    for (const PointId& id : ids) {
      const auto point = points.find(id);
      if (point == points.end()) continue;
      point->second.version = sequence;
      change(point->second);
    }
  }

  std::vector<uint8_t> remove(uint64_t) {
    ByteWriter out = header(OperationKind::kDeletePoints);
    const auto ids = random_ids();
    out.ids(ids);
    for (const PointId& id : ids) points.erase(id);
    return out.take();
  }

  std::vector<uint8_t> set_payload(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kSetPayload);
    const auto ids = random_ids();
    const ModelPayload payload = random_payload();
    out.ids(ids);
    out.string("");
    const std::string json = to_json(payload);
    out.blob(json.empty() ? "{}" : json);
    for_existing(ids, sequence, [&](ModelPoint& point) {
      for (const auto& [key, value] : payload) point.payload[key] = value;
    });
    return out.take();
  }

  std::vector<uint8_t> overwrite_payload(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kOverwritePayload);
    const auto ids = random_ids();
    const ModelPayload payload = random_payload();
    out.ids(ids);
    const std::string json = to_json(payload);
    out.blob(json.empty() ? "{}" : json);
    for_existing(ids, sequence, [&](ModelPoint& point) { point.payload = payload; });
    return out.take();
  }

  std::vector<uint8_t> delete_keys(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kDeletePayloadKeys);
    const auto ids = random_ids();
    out.ids(ids);
    out.u32(2);
    out.string("a");
    out.string("none");
    for_existing(ids, sequence, [&](ModelPoint& point) { point.payload.erase("a"); });
    return out.take();
  }

  std::vector<uint8_t> clear_payload(uint64_t sequence) {
    ByteWriter out = header(OperationKind::kClearPayload);
    const auto ids = random_ids();
    out.ids(ids);
    for_existing(ids, sequence, [&](ModelPoint& point) { point.payload.clear(); });
    return out.take();
  }

  std::vector<uint8_t> toggle_index() {
    const std::string path = pick(2) == 0 ? "a" : "b";
    if (indexes.erase(path) > 0) {
      ByteWriter out = header(OperationKind::kDeleteFieldIndex);
      out.string(path);
      return out.take();
    }
    indexes.insert(path);
    ByteWriter out = header(OperationKind::kCreateFieldIndex);
    out.string(path);
    out.u8(2);
    out.blob("");
    return out.take();
  }

  std::mt19937 random_;
  const uint32_t ids_;
};

}  // namespace vdb
