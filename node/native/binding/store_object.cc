#include "binding/store_object.h"

#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "binding/async.h"
#include "binding/blocking.h"
#include "binding/native_object.h"

namespace vdb {
namespace {

constexpr napi_type_tag kStoreTag{0x5be07f91c43d4a68, 0xa4861d3e9b05f27c};

using SharedStore = std::shared_ptr<Store>;

Napi::Value drop_shard(const Napi::CallbackInfo& info, const SharedStore& store) {
  const std::uint64_t collection = integer_of(info[0], "collection");
  const std::uint64_t shard = integer_of(info[1], "shard");
  if (shard > std::numeric_limits<std::uint32_t>::max()) {
    throw Napi::TypeError::New(info.Env(), "shard must be below 2^32");
  }
  return run_blocking(info.Env(), [store, collection, shard] {
    store->remove_prefix(Key::of_shard(collection, static_cast<std::uint32_t>(shard)));
    // The folder of the shard goes next, and with it all that could do this again.
    store->flush_wal(true);
  });
}

Napi::Value close(const Napi::CallbackInfo& info, const SharedStore& store) {
  return run_blocking(info.Env(), [store] { store->close(); });
}

Napi::Value to_js(Napi::Env env, const SharedStore& store) {
  Napi::Object object = Napi::Object::New(env);
  add_method(object, "dropShard", store, drop_shard);
  add_method(object, "close", store, close);
  put_inside(object, store, kStoreTag);
  return object;
}

/** The stores that openStore made, for the end of the process. */
struct OpenStores {
  std::mutex mutex;
  std::vector<std::weak_ptr<Store>> stores;
};

OpenStores& open_stores() {
  static OpenStores all;
  return all;
}

SharedStore remembered(SharedStore store) {
  OpenStores& all = open_stores();
  std::lock_guard lock(all.mutex);
  std::erase_if(all.stores, [](const auto& each) { return each.expired(); });
  all.stores.push_back(store);
  return store;
}

Napi::Value open_store(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsString()) throw Napi::TypeError::New(info.Env(), "directory must be a string");
    if (!info[1].IsObject()) throw Napi::TypeError::New(info.Env(), "options must be an object");
    StoreOptions options;
    options.block_cache_bytes = integer_of(info[1].As<Napi::Object>().Get("blockCacheBytes"), "blockCacheBytes");
    return run_blocking(
        info.Env(),
        [directory = info[0].ToString().Utf8Value(), options] { return remembered(Store::open(directory, options)); },
        [](Napi::Env env, SharedStore store) -> Napi::Value { return to_js(env, store); });
  });
}

}  // namespace

void init_store(Napi::Env env, Napi::Object exports) {
  exports["openStore"] = Napi::Function::New(env, open_store, "openStore");
}

std::shared_ptr<Store> store_of(const Napi::Value& value) {
  return take_inside<Store>(value, kStoreTag, "a store of this engine is expected");
}

void close_open_stores() {
  std::vector<std::weak_ptr<Store>> stores;
  {
    OpenStores& all = open_stores();
    std::lock_guard lock(all.mutex);
    stores.swap(all.stores);
  }
  for (const auto& each : stores) {
    const SharedStore store = each.lock();
    if (store == nullptr) continue;
    try {
      store->close();
    } catch (...) {
      // Nobody is left to be told; what was written is in RocksDB's own log.
    }
  }
}

}  // namespace vdb
