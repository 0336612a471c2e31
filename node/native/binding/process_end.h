#pragma once

#include <napi.h>

namespace vdb {

/**
 * Lets the main thread's environment end the engine in an orderly way. process.exit runs the
 * destructors of static objects, those of RocksDB included, without ending the environment first; a
 * thread of ours in the middle of RocksDB would crash on what they leave. So when Node emits `exit`
 * (on process.exit and on a natural end alike), promises are let go, the threads are stopped after
 * what they do at the moment, and open stores are closed.
 */
void init_process_end(Napi::Env env);

}  // namespace vdb
