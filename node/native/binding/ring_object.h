#pragma once

#include <napi.h>

namespace vdb {

/** The codec's functions that divide by a hash ring (addon.ts, NativeCodec): makeRing, splitOperation, splitIds. */
void init_ring(Napi::Env env, Napi::Object codec);

}  // namespace vdb
