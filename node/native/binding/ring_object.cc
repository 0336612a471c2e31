#include "binding/ring_object.h"

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "binding/async.h"
#include "binding/native_object.h"
#include "codec/split.h"

namespace vdb {
namespace {

constexpr napi_type_tag kRingTag{0x51d0a94ef26b4c83, 0xb7f41e8a09d3625c};

bool is_typed_array(const Napi::Value& value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

Napi::Value make_ring(const Napi::CallbackInfo& info) {
  if (!is_typed_array(info[0], napi_biguint64_array)) throw Napi::TypeError::New(info.Env(), "positions must be a BigUint64Array");
  if (!is_typed_array(info[1], napi_uint32_array)) throw Napi::TypeError::New(info.Env(), "shards must be a Uint32Array");
  const auto positions = info[0].As<Napi::BigUint64Array>();
  const auto shards = info[1].As<Napi::Uint32Array>();
  std::shared_ptr<HashRing> ring;
  try {
    ring = std::make_shared<HashRing>(std::vector<std::uint64_t>(positions.Data(), positions.Data() + positions.ElementLength()),
                                      std::span<const std::uint32_t>(shards.Data(), shards.ElementLength()));
  } catch (const std::invalid_argument& error) {
    throw Napi::RangeError::New(info.Env(), error.what());
  }
  Napi::Object object = Napi::Object::New(info.Env());
  put_inside(object, std::move(ring), kRingTag);
  return object;
}

std::shared_ptr<HashRing> ring_of(const Napi::Value& value) {
  return take_inside<HashRing>(value, kRingTag, "a ring of this engine is expected");
}

/** A Buffer over the memory of `bytes`, which may be any Uint8Array. */
Napi::Value same_bytes(const Napi::Value& bytes) {
  const auto array = bytes.As<Napi::TypedArray>();
  const Napi::Object buffer = bytes.Env().Global().Get("Buffer").As<Napi::Object>();
  return buffer.Get("from").As<Napi::Function>().Call(
      buffer, {array.ArrayBuffer(), Napi::Number::New(bytes.Env(), static_cast<double>(array.ByteOffset())),
               Napi::Number::New(bytes.Env(), static_cast<double>(array.ByteLength()))});
}

Napi::Value parts_to_js(std::vector<ShardPart> parts, const Napi::Value& whole, const char* field) {
  const Napi::Env env = whole.Env();
  Napi::Array list = Napi::Array::New(env, parts.size());
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    Napi::Object part = Napi::Object::New(env);
    part["shard"] = Napi::Number::New(env, parts[i].shard);
    part[field] = parts[i].bytes.has_value() ? Napi::Value(buffer_of(env, std::move(*parts[i].bytes))) : same_bytes(whole);
    list[i] = part;
  }
  return list;
}

}  // namespace

void init_ring(Napi::Env env, Napi::Object codec) {
  add_function(env, codec, "makeRing", make_ring);
  add_function(env, codec, "splitOperation", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return parts_to_js(split_operation(bytes_of(info[0]), *ring_of(info[1])), info[0], "operation");
  });
  add_function(env, codec, "splitIds", [](const Napi::CallbackInfo& info) -> Napi::Value {
    return parts_to_js(split_ids(bytes_of(info[0]), *ring_of(info[1])), info[0], "ids");
  });
}

}  // namespace vdb
