#pragma once

#include <napi.h>

#include <memory>

#include "store/store.h"

namespace vdb {

/** `openStore` (addon.ts). Registers it on `exports`. */
void init_store(Napi::Env env, Napi::Object exports);

/** The store behind a NativeStore; throws TypeError for any other value. */
std::shared_ptr<Store> store_of(const Napi::Value& value);

/** Closes every store that was opened and is not closed, when no thread uses one any more. */
void close_open_stores();

}  // namespace vdb
