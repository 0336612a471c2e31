#include <faiss/Index.h>
#include <napi.h>

#include <algorithm>
#include <string>

#include "binding/async.h"
#include "binding/codec_object.h"
#include "binding/log_object.h"
#include "binding/process_end.h"
#include "binding/shard_object.h"
#include "binding/store_object.h"
#include "kernels/kernels.h"
#include "store/store.h"

namespace vdb {
namespace {

constexpr std::uint64_t kThreadsMax = 1024;

Napi::Value info(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    Napi::Array available = Napi::Array::New(env);
    for (const Kernels* table : available_kernels()) {
      available[available.Length()] = Napi::String::New(env, std::string(table->name));
    }
    Napi::Object kernel_names = Napi::Object::New(env);
    kernel_names["active"] = Napi::String::New(env, std::string(kernels().name));
    kernel_names["available"] = available;
    Napi::Object result = Napi::Object::New(env);
    result["faiss"] = std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) + "." +
                      std::to_string(FAISS_VERSION_PATCH);
    result["rocksdb"] = Store::version();
    result["kernels"] = kernel_names;
    result["threads"] = Napi::Number::New(env, pool_threads());
    return result;
  });
}

Napi::Value configure(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    if (!call[0].IsObject()) throw Napi::TypeError::New(call.Env(), "options must be an object");
    const auto options = call[0].As<Napi::Object>();
    const auto threads = [&](const char* field) {
      return static_cast<unsigned>(std::min(integer_of(options.Get(field), field), kThreadsMax));
    };
    configure_pool(threads("searchThreads"), threads("indexThreads"));
    return call.Env().Undefined();
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  init_async(env);
  init_process_end(env);
  exports["info"] = Napi::Function::New(env, info, "info");
  exports["configure"] = Napi::Function::New(env, configure, "configure");
  init_log(env, exports);
  init_store(env, exports);
  init_codec(env, exports);
  init_shard(env, exports);
  return exports;
}

}  // namespace
}  // namespace vdb

/** Node-API's macro wants a name without a namespace. */
static Napi::Object init_engine(Napi::Env env, Napi::Object exports) { return vdb::init(env, exports); }

NODE_API_MODULE(engine, init_engine)
