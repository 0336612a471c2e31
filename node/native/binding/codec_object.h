#pragma once

#include <napi.h>

namespace vdb {

/** The `codec` object (addon.ts, NativeCodec). Registers it on `exports`. */
void init_codec(Napi::Env env, Napi::Object exports);

}  // namespace vdb
