#pragma once

#include <napi.h>

#include <memory>

#include "log/log.h"

namespace vdb {

/** `openLog` (addon.ts). Registers it on `exports`. */
void init_log(Napi::Env env, Napi::Object exports);

/** The log behind a NativeLog; throws TypeError for any other value. */
std::shared_ptr<Log> log_of(const Napi::Value& value);

}  // namespace vdb
