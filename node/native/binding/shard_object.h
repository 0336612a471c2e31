#pragma once

#include <napi.h>

namespace vdb {

/** `openShard` (addon.ts). Registers it on `exports`. */
void init_shard(Napi::Env env, Napi::Object exports);

}  // namespace vdb
