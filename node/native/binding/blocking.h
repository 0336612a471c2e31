#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "binding/async.h"
#include "shard/maintenance_threads.h"

namespace vdb {

/** As run_async, on a thread that may wait for the disk: the pool's threads are for what computes. */
template <class Work, class Convert>
Napi::Promise run_blocking(Napi::Env env, Work work, Convert convert) {
  Completion completion(env);
  Napi::Promise promise = completion.promise();
  run_maintenance(MaintenanceKind::kCheckpoint,
                  [completion = std::move(completion), work = std::move(work), convert]() mutable {
                    settle_by(completion, work, convert);
                  });
  return promise;
}

/** Resolves with undefined. */
template <class Work>
Napi::Promise run_blocking(Napi::Env env, Work work) {
  return run_blocking(
      env,
      [work = std::move(work)]() mutable {
        work();
        return nullptr;
      },
      [](Napi::Env js, std::nullptr_t) -> Napi::Value { return js.Undefined(); });
}

}  // namespace vdb
