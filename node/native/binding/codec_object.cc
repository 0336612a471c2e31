#include "binding/codec_object.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "binding/async.h"
#include "binding/errors.h"
#include "binding/native_object.h"
#include "binding/ring_object.h"
#include "codec/parsed_upsert.h"
#include "codec/points_output.h"
#include "codec/value_message.h"
#include "json/lift.h"
#include "json/scanner.h"

namespace vdb {
namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Napi::Value buffer_of_text(Napi::Env env, std::string_view text) {
  return Napi::Buffer<char>::Copy(env, text.data(), text.size());
}

VectorShape::Kind kind_of(Napi::Env env, const std::string& kind) {
  if (kind == "dense") return VectorShape::Kind::kDense;
  if (kind == "multi") return VectorShape::Kind::kMulti;
  if (kind == "sparse") return VectorShape::Kind::kSparse;
  throw Napi::TypeError::New(env, "kind of a vector shape must be dense, multi or sparse");
}

/** The argument `shapes` (addon.ts, VectorShape). */
std::vector<VectorShape> shapes_of(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  if (!value.IsArray()) throw Napi::TypeError::New(env, "shapes must be an array");
  const auto list = value.As<Napi::Array>();
  std::vector<VectorShape> shapes(list.Length());
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value item = list[i];
    if (!item.IsObject()) throw Napi::TypeError::New(env, "a vector shape must be an object");
    const auto object = item.As<Napi::Object>();
    shapes[i].name = object.Get("name").ToString().Utf8Value();
    shapes[i].kind = kind_of(env, object.Get("kind").ToString().Utf8Value());
    shapes[i].dimension = static_cast<std::uint32_t>(integer_of(object.Get("dimension"), "dimension"));
  }
  return shapes;
}

Napi::Value to_js(Napi::Env env, ParsedUpsert parsed) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("operation", buffer_of(env, std::move(parsed.operation)));
  result.Set("points", Napi::Number::New(env, parsed.points));
  result.Set("rest", Napi::String::New(env, parsed.rest));
  return result;
}

Napi::Value to_js(Napi::Env env, const LiftedJson& lifted) {
  Napi::Array arrays = Napi::Array::New(env, lifted.arrays.size());
  Napi::Array spans = Napi::Array::New(env, lifted.spans.size());
  for (std::uint32_t i = 0; i < lifted.arrays.size(); ++i) {
    const std::vector<float>& values = lifted.arrays[i];
    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
    std::memcpy(array.Data(), values.data(), values.size() * sizeof(float));
    arrays.Set(i, array);
    Napi::Array span = Napi::Array::New(env, 2);
    span.Set(0u, Napi::Number::New(env, static_cast<double>(lifted.spans[i].first)));
    span.Set(1u, Napi::Number::New(env, static_cast<double>(lifted.spans[i].second)));
    spans.Set(i, span);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("json", Napi::String::New(env, lifted.json));
  result.Set("arrays", arrays);
  result.Set("spans", spans);
  return result;
}

PointShape point_shape_of(const Napi::Value& value, const char* record) {
  const std::string shape = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  if (shape == "scored") return PointShape::kScored;
  if (shape == record) return PointShape::kRecord;
  throw Napi::TypeError::New(value.Env(), std::string("shape must be scored or ") + record);
}

bool boolean_of(const Napi::Value& value, const char* field) {
  if (!value.IsBoolean()) throw Napi::TypeError::New(value.Env(), std::string(field) + " must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::vector<std::span<const std::uint8_t>> batches_of(const Napi::Value& value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "batches must be an array");
  const auto list = value.As<Napi::Array>();
  std::vector<std::span<const std::uint8_t>> batches;
  for (std::uint32_t i = 0; i < list.Length(); ++i) batches.push_back(bytes_of(list[i]));
  return batches;
}

AgreedOrder agreed_order_of(const Napi::Value& value) {
  const std::string order = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  if (order == "scored") return AgreedOrder::kScored;
  if (order == "higher") return AgreedOrder::kHigher;
  if (order == "lower") return AgreedOrder::kLower;
  if (order == "id") return AgreedOrder::kId;
  throw Napi::TypeError::New(value.Env(), "order must be scored, higher, lower or id");
}

void add_parsers(Napi::Env env, Napi::Object codec) {
  add_function(env, codec, "lift", [](const Napi::CallbackInfo& info) {
    return to_js(info.Env(), lift_json(text_of(bytes_of(info[0]))));
  });
  add_function(env, codec, "parseUpsert", [](const Napi::CallbackInfo& info) {
    return to_js(info.Env(), parse_upsert(text_of(bytes_of(info[0])), shapes_of(info[1])));
  });
  add_function(env, codec, "parseUpsertAsync", [](const Napi::CallbackInfo& info) -> Napi::Value {
    const std::string_view body = text_of(bytes_of(info[0]));
    return run_async(
        info.Env(), Priority::kApply, [body, shapes = shapes_of(info[1])] { return parse_upsert(body, shapes); },
        [](Napi::Env js, ParsedUpsert parsed) { return to_js(js, std::move(parsed)); }, {info[0]});
  });
  add_function(env, codec, "parseUpdateVectors", [](const Napi::CallbackInfo& info) {
    return to_js(info.Env(), parse_update_vectors(text_of(bytes_of(info[0])), shapes_of(info[1])));
  });
  add_function(env, codec, "parseUpsertMessage", [](const Napi::CallbackInfo& info) {
    return to_js(info.Env(), parse_upsert_message(bytes_of(info[0]), shapes_of(info[1])));
  });
  add_function(env, codec, "parseUpdateVectorsMessage", [](const Napi::CallbackInfo& info) {
    return to_js(info.Env(), parse_update_vectors_message(bytes_of(info[0]), shapes_of(info[1])));
  });
  add_function(env, codec, "normalizePayload", [](const Napi::CallbackInfo& info) {
    const std::string payload = minify_payload(text_of(bytes_of(info[0])));
    return buffer_of_text(info.Env(), payload.empty() ? "{}" : payload);
  });
  add_function(env, codec, "payloadFromMessage", [](const Napi::CallbackInfo& info) {
    return buffer_of_text(info.Env(), payload_from_entries(bytes_of(info[0])));
  });
}

void add_writers(Napi::Env env, Napi::Object codec) {
  add_function(env, codec, "pointsToJson", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return buffer_of(info.Env(), points_to_json(bytes_of(info[0]), point_shape_of(info[1], "record")));
  });
  add_function(env, codec, "pointsToMessage", [](const Napi::CallbackInfo& info) -> Napi::Value {
    constexpr std::uint64_t kFieldMax = 0x1fffffff;
    const std::uint64_t field = integer_of(info[2], "field");
    if (field == 0 || field > kFieldMax) throw Napi::TypeError::New(info.Env(), "field must be a protobuf field number");
    return buffer_of(info.Env(), points_to_message(bytes_of(info[0]), point_shape_of(info[1], "retrieved"),
                                                   static_cast<std::uint32_t>(field)));
  });
  add_function(env, codec, "mergeScored", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return buffer_of(info.Env(), merge_scored(batches_of(info[0]), boolean_of(info[1], "higherIsBetter"),
                                              integer_of(info[2], "offset"), integer_of(info[3], "limit")));
  });
  add_function(env, codec, "mergeById", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return buffer_of(info.Env(), merge_by_id(batches_of(info[0]), integer_of(info[1], "limit")));
  });
  add_function(env, codec, "orderByIds", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return buffer_of(info.Env(), order_by_ids(batches_of(info[0]), bytes_of(info[1])));
  });
  add_function(env, codec, "agreed", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return buffer_of(info.Env(), agreed(batches_of(info[0]), integer_of(info[1], "minimum"), agreed_order_of(info[2])));
  });
}

}  // namespace

void init_codec(Napi::Env env, Napi::Object exports) {
  Napi::Object codec = Napi::Object::New(env);
  add_parsers(env, codec);
  add_writers(env, codec);
  init_ring(env, codec);
  exports.Set("codec", codec);
}

}  // namespace vdb
