#pragma once

#include <napi.h>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "binding/async.h"

namespace vdb {

/**
 * The promises of one environment that are not settled yet. Everything that belongs to JavaScript
 * stays in here, on the JavaScript thread; engine threads know a promise by its number alone, so
 * nothing of theirs outlives the environment in a harmful way.
 */
class CompletionQueue {
 public:
  static std::shared_ptr<CompletionQueue> create(Napi::Env env);
  ~CompletionQueue() = default;

  /** On the JavaScript thread: a new promise, and what to keep until it settles. */
  std::uint64_t add(std::initializer_list<Napi::Value> keep);
  Napi::Promise promise(std::uint64_t id) const;
  /** On any thread, once per promise. Does nothing after close(). */
  void settle(std::uint64_t id, Completion::Convert convert, std::exception_ptr error);
  /** On the JavaScript thread, when the environment ends. */
  void close();

 private:
  struct Pending {
    Napi::Promise::Deferred deferred;
    std::vector<Napi::Reference<Napi::Value>> keep;
  };
  struct Outcome {
    std::uint64_t id;
    Completion::Convert convert;
    std::exception_ptr error;
  };

  explicit CompletionQueue(Napi::Env env) : env_(env) {}
  static void deliver(napi_env env, napi_value function, void* context, void* data);
  void settle_on_thread(Outcome& outcome);
  void deliver_all();

  const Napi::Env env_;
  napi_threadsafe_function wake_ = nullptr;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, Pending> pending_;

  std::mutex mutex_;
  bool closed_ = false;
  /** A call of deliver is on its way, and will take what is added meanwhile. */
  bool woken_ = false;
  std::vector<Outcome> outcomes_;
};

}  // namespace vdb
