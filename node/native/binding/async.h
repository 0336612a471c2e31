#pragma once

#include <napi.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "binding/errors.h"
#include "io/errors.h"
#include "pool/thread_pool.h"

namespace vdb {

/**
 * The pool of the process. Made at the first call with what configure() said, shared by all
 * environments that loaded the addon, and stopped when the last of them ends. An object that submits
 * to it keeps the pointer, so that the pool outlives it.
 */
std::shared_ptr<ThreadPool> shared_pool();
/** Thread counts for the pool to come; 0 means one per processor. Throws BadRequest when the pool exists already. */
void configure_pool(unsigned search_threads, unsigned index_threads);
/** Threads that the pool has, or would have. */
unsigned pool_threads();

/** Registers the environment. Called once by the module's init, before anything else here. */
void init_async(Napi::Env env);
/** Before the process ends: waits for the pool's running tasks and drops the others. */
void stop_shared_pool();
/** Before the environment ends: its promises will not be settled any more. */
void release_promises(Napi::Env env);

class CompletionQueue;

/**
 * A promise that a thread of the engine settles, once. Made and asked for its promise on the
 * JavaScript thread; resolve and reject may be called anywhere. Dropped without either, it rejects
 * with CLOSED. Settled promises are handed to JavaScript in batches through one thread-safe function
 * per environment; after the environment has ended, settling does nothing.
 */
class Completion {
 public:
  /** Makes the value on the JavaScript thread; what it throws rejects the promise. */
  using Convert = std::function<Napi::Value(Napi::Env)>;

  /** `keep` is kept from the garbage collector until the promise settles: buffers that the work reads. */
  explicit Completion(Napi::Env env, std::initializer_list<Napi::Value> keep = {});
  ~Completion();
  Completion(Completion&& other) noexcept;
  Completion& operator=(Completion&& other) = delete;

  Napi::Promise promise() const;
  /** Resolves with undefined. */
  void resolve();
  void resolve(Convert convert);
  void reject(std::exception_ptr error);

 private:
  void settle(Convert convert, std::exception_ptr error);

  std::shared_ptr<CompletionQueue> queue_;
  /** 0 once it is settled or moved from. */
  std::uint64_t id_ = 0;
};

/** Runs `work` and settles `completion`: what it returns goes through `convert(env, result)`, what it throws rejects. */
template <class Work, class Convert>
void settle_by(Completion& completion, Work& work, const Convert& convert) {
  try {
    using Result = std::invoke_result_t<Work&>;
    auto result = std::make_shared<Result>(work());
    completion.resolve([result, convert](Napi::Env js) -> Napi::Value { return convert(js, std::move(*result)); });
  } catch (...) {
    completion.reject(std::current_exception());
  }
}

/**
 * Runs `work` on the pool. What it returns goes to `convert(env, result)` on the JavaScript thread,
 * whose value resolves the promise; what it throws rejects it.
 */
template <class Work, class Convert>
Napi::Promise run_async(Napi::Env env, Priority priority, Work work, Convert convert,
                        std::initializer_list<Napi::Value> keep = {}) {
  Completion completion(env, keep);
  Napi::Promise promise = completion.promise();
  shared_pool()->submit(priority, [completion = std::move(completion), work = std::move(work),
                                   convert = std::move(convert)]() mutable {
    settle_by(completion, work, convert);
  });
  return promise;
}

/** Runs `work`, which returns nothing, and resolves with undefined. */
template <class Work>
Napi::Promise run_async(Napi::Env env, Priority priority, Work work, std::initializer_list<Napi::Value> keep = {}) {
  Completion completion(env, keep);
  Napi::Promise promise = completion.promise();
  shared_pool()->submit(priority, [completion = std::move(completion), work = std::move(work)]() mutable {
    try {
      work();
      completion.resolve();
    } catch (...) {
      completion.reject(std::current_exception());
    }
  });
  return promise;
}

/** The bytes of a Uint8Array or Buffer; they live as long as the value is kept. Throws TypeError for anything else. */
std::span<const std::uint8_t> bytes_of(const Napi::Value& value);
/** As bytes_of, nothing for null and undefined. */
std::optional<std::span<const std::uint8_t>> optional_bytes_of(const Napi::Value& value);
/** A Buffer that takes `bytes` over; small ones are copied, which is cheaper than a finaliser. */
Napi::Buffer<std::uint8_t> buffer_of(Napi::Env env, std::vector<std::uint8_t> bytes);
/** An integer of 0 to 2^53 - 1; throws TypeError that names `field` for anything else. */
std::uint64_t integer_of(const Napi::Value& value, const char* field);

}  // namespace vdb
