#include "binding/shard_values.h"

#include <cmath>
#include <string>
#include <utility>

#include "binding/async.h"
#include "io/bytes.h"

namespace vdb {

namespace {

[[noreturn]] void refuse(Napi::Env env, const char* field, const char* wanted) {
  throw Napi::TypeError::New(env, std::string(field) + " must be " + wanted);
}

Napi::Object object_of(const Napi::Value& value, const char* field) {
  if (!value.IsObject()) refuse(value.Env(), field, "an object");
  return value.As<Napi::Object>();
}

std::string string_of(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsString()) refuse(object.Env(), field, "a string");
  return value.As<Napi::String>().Utf8Value();
}

bool boolean_of(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsBoolean()) refuse(object.Env(), field, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

uint32_t u32_of(const Napi::Object& object, const char* field) {
  const uint64_t value = integer_of(object.Get(field), field);
  if (value > UINT32_MAX) refuse(object.Env(), field, "below 2^32");
  return static_cast<uint32_t>(value);
}

/** Position of a string among the names that a field may have. */
template <size_t Count>
size_t choice_of(const Napi::Object& object, const char* field, const char* const (&names)[Count]) {
  const std::string value = string_of(object, field);
  for (size_t i = 0; i < Count; i++) {
    if (value == names[i]) return i;
  }
  refuse(object.Env(), field, "one of the known names");
}

std::vector<uint8_t> copied(const Napi::Value& value) {
  const auto bytes = bytes_of(value);
  return {bytes.begin(), bytes.end()};
}

std::optional<std::vector<uint8_t>> copied_if_any(const Napi::Value& value) {
  const auto bytes = optional_bytes_of(value);
  if (!bytes.has_value()) return std::nullopt;
  return std::vector<uint8_t>(bytes->begin(), bytes->end());
}

VectorSchema vector_schema_of(const Napi::Value& value) {
  static constexpr const char* kKinds[] = {"dense", "multi", "sparse"};
  static constexpr const char* kDistances[] = {"Cosine", "Dot", "Euclid", "Manhattan"};
  static constexpr const char* kDatatypes[] = {"float32", "float16", "uint8"};
  static constexpr const char* kWalks[] = {"rows", "codes"};
  const Napi::Object object = object_of(value, "vectors");
  VectorSchema schema;
  schema.name = string_of(object, "name");
  schema.kind = static_cast<VectorKind>(choice_of(object, "kind", kKinds));
  if (schema.kind == VectorKind::kSparse) return schema;
  schema.dimension = u32_of(object, "dimension");
  schema.distance = static_cast<Distance>(choice_of(object, "distance", kDistances));
  schema.type = static_cast<RowType>(choice_of(object, "datatype", kDatatypes));
  schema.m = u32_of(object, "m");
  schema.ef_construct = u32_of(object, "efConstruct");
  schema.walk_codes = choice_of(object, "walk", kWalks) == 1;
  return schema;
}

Napi::Number number(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Value id_or_null(Napi::Env env, const std::optional<PointId>& id) {
  if (!id.has_value()) return env.Null();
  ByteWriter bytes;
  bytes.id(*id);
  return buffer_of(env, bytes.take());
}

std::optional<PointId> bound_of(const Napi::Value& value, const char* field) {
  const auto bytes = optional_bytes_of(value);
  if (!bytes.has_value()) return std::nullopt;
  try {
    ByteReader reader(*bytes);
    const PointId id = reader.id();
    reader.expect_end();
    return id;
  } catch (const FormatError& error) {
    throw BadRequest(std::string(field) + " is no encoded id: " + error.what());
  }
}

Napi::Array vectors_to_js(Napi::Env env, const ShardInfo& info) {
  Napi::Array vectors = Napi::Array::New(env, info.vectors.size());
  for (uint32_t i = 0; i < info.vectors.size(); i++) {
    const VectorInfo& from = info.vectors[i];
    Napi::Object to = Napi::Object::New(env);
    to["name"] = Napi::String::New(env, from.name);
    to["count"] = number(env, from.count);
    to["rows"] = number(env, from.rows);
    to["deadRows"] = number(env, from.dead_rows);
    to["indexedRows"] = number(env, from.indexed_rows);
    to["graphActive"] = Napi::Boolean::New(env, from.graph_active);
    to["codeOverlap"] = from.code_overlap.has_value() ? Napi::Value(Napi::Number::New(env, *from.code_overlap)) : env.Null();
    to["walk"] = Napi::String::New(env, from.walks_codes ? "codes" : "rows");
    vectors[i] = to;
  }
  return vectors;
}

}  // namespace

ShardSchema shard_schema_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "schema");
  ShardSchema schema;
  const Napi::Value vectors = object.Get("vectors");
  if (!vectors.IsArray()) refuse(value.Env(), "vectors", "an array");
  const Napi::Array list = vectors.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) schema.vectors.push_back(vector_schema_of(list.Get(i)));
  schema.indexing_threshold_bytes = integer_of(object.Get("indexingThresholdBytes"), "indexingThresholdBytes");
  schema.full_scan_threshold_bytes = integer_of(object.Get("fullScanThresholdBytes"), "fullScanThresholdBytes");
  return schema;
}

ShardOptions shard_options_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "options");
  ShardOptions options;
  options.directory = string_of(object, "directory");
  options.collection = integer_of(object.Get("collection"), "collection");
  options.shard = u32_of(object, "shard");
  options.schema = shard_schema_of(object.Get("schema"));
  return options;
}

SearchQuery search_query_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "request");
  SearchQuery query;
  query.vector = string_of(object, "vector");
  const Napi::Value vector = object.Get("query");
  if (!vector.IsTypedArray() || vector.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
    refuse(value.Env(), "query", "a Float32Array");
  }
  const auto values = vector.As<Napi::Float32Array>();
  query.query.assign(values.Data(), values.Data() + values.ElementLength());
  query.filter = copied_if_any(object.Get("filter"));
  query.limit = integer_of(object.Get("limit"), "limit");
  query.offset = integer_of(object.Get("offset"), "offset");
  query.ef = integer_of(object.Get("ef"), "ef");
  query.exact = boolean_of(object, "exact");
  query.indexed_only = boolean_of(object, "indexedOnly");
  const Napi::Value threshold = object.Get("scoreThreshold");
  if (threshold.IsNumber()) query.score_threshold = threshold.As<Napi::Number>().FloatValue();
  query.selection = {copied(object.Get("payload")), copied(object.Get("vectors"))};
  return query;
}

ScrollQuery scroll_query_of(const Napi::Value& value) {
  const Napi::Object object = object_of(value, "request");
  ScrollQuery query;
  query.filter = copied_if_any(object.Get("filter"));
  if (const auto from = optional_bytes_of(object.Get("from"))) query.from = ByteReader(*from).id();
  query.limit = integer_of(object.Get("limit"), "limit");
  query.selection = {copied(object.Get("payload")), copied(object.Get("vectors"))};
  return query;
}

Napi::Value scroll_page_to_js(Napi::Env env, ScrollPage page) {
  Napi::Object object = Napi::Object::New(env);
  object["points"] = buffer_of(env, std::move(page.points));
  object["next"] = id_or_null(env, page.next);
  return object;
}

IdRange id_range_of(const Napi::Value& after, const Napi::Value& to) { return {bound_of(after, "after"), bound_of(to, "to")}; }

Napi::Value range_part_to_js(Napi::Env env, RangePart part, const char* field) {
  Napi::Object object = Napi::Object::New(env);
  object[field] = buffer_of(env, std::move(part.bytes));
  object["count"] = number(env, part.count);
  object["last"] = id_or_null(env, part.last);
  object["more"] = Napi::Boolean::New(env, part.more);
  return object;
}

Napi::Value shard_info_to_js(Napi::Env env, const ShardInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object["sequence"] = number(env, info.sequence);
  object["checkpointSequence"] = number(env, info.checkpoint_sequence);
  object["points"] = number(env, info.points);
  object["deletedSlots"] = number(env, info.deleted_slots);
  object["slots"] = number(env, info.slots);
  object["generation"] = number(env, info.generation);
  object["vectors"] = vectors_to_js(env, info);
  Napi::Array fields = Napi::Array::New(env, info.field_indexes.size());
  for (uint32_t i = 0; i < info.field_indexes.size(); i++) {
    Napi::Object to = Napi::Object::New(env);
    to["path"] = Napi::String::New(env, info.field_indexes[i].path);
    to["type"] = Napi::String::New(env, std::string(to_string(info.field_indexes[i].type)));
    to["points"] = number(env, info.field_indexes[i].points);
    fields[i] = to;
  }
  object["fieldIndexes"] = fields;
  object["pendingRows"] = number(env, info.pending_rows);
  object["readOnly"] = info.read_only.has_value() ? Napi::Value(Napi::String::New(env, *info.read_only)) : env.Null();
  Napi::Array clocks = Napi::Array::New(env, info.clocks.size());
  for (uint32_t i = 0; i < info.clocks.size(); i++) {
    Napi::Object to = Napi::Object::New(env);
    to["peer"] = number(env, info.clocks[i].peer);
    to["clock"] = number(env, info.clocks[i].clock);
    to["tick"] = number(env, info.clocks[i].tick);
    clocks[i] = to;
  }
  object["clocks"] = clocks;
  object["diskBytes"] = number(env, info.disk_bytes);
  object["memoryBytes"] = number(env, info.memory_bytes);
  return object;
}

}  // namespace vdb
