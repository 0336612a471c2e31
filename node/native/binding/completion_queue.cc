#include "binding/completion_queue.h"

#include <utility>

namespace vdb {

std::shared_ptr<CompletionQueue> CompletionQueue::create(Napi::Env env) {
  std::shared_ptr<CompletionQueue> queue(new CompletionQueue(env));
  // The context outlives the thread-safe function: it is freed by its finaliser.
  auto context = std::make_unique<std::shared_ptr<CompletionQueue>>(queue);
  const auto finalize = [](napi_env, void*, void* held) {
    const std::unique_ptr<std::shared_ptr<CompletionQueue>> owner(static_cast<std::shared_ptr<CompletionQueue>*>(held));
  };
  const Napi::String name = Napi::String::New(env, "engine");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, finalize,
                                                             context.get(), deliver, &queue->wake_);
  if (status != napi_ok) throw Napi::Error::New(env);
  context.release();
  // Only promises that wait keep the process running.
  napi_unref_threadsafe_function(env, queue->wake_);
  return queue;
}

std::uint64_t CompletionQueue::add(std::initializer_list<Napi::Value> keep) {
  Pending pending{Napi::Promise::Deferred::New(env_), {}};
  pending.keep.reserve(keep.size());
  for (const Napi::Value& value : keep) {
    if (value.IsObject()) pending.keep.push_back(Napi::Reference<Napi::Value>::New(value, 1));
  }
  if (pending_.empty()) napi_ref_threadsafe_function(env_, wake_);
  const std::uint64_t id = next_id_++;
  pending_.emplace(id, std::move(pending));
  return id;
}

Napi::Promise CompletionQueue::promise(std::uint64_t id) const { return pending_.at(id).deferred.Promise(); }

void CompletionQueue::settle(std::uint64_t id, Completion::Convert convert, std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  outcomes_.push_back({id, std::move(convert), std::move(error)});
  // Under the lock: close() frees the function only after it has had the lock.
  if (!std::exchange(woken_, true)) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void CompletionQueue::close() {
  std::vector<Outcome> dropped;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(outcomes_);
  }
  pending_.clear();
}

void CompletionQueue::deliver(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;
  const auto queue = *static_cast<std::shared_ptr<CompletionQueue>*>(context);
  try {
    queue->deliver_all();
  } catch (...) {
    // JavaScript cannot run any more: the environment is ending, and nobody waits.
  }
}

void CompletionQueue::deliver_all() {
  std::vector<Outcome> outcomes;
  {
    std::lock_guard lock(mutex_);
    outcomes.swap(outcomes_);
    woken_ = false;
  }
  for (Outcome& outcome : outcomes) settle_on_thread(outcome);
  if (!outcomes.empty() && pending_.empty()) napi_unref_threadsafe_function(env_, wake_);
}

void CompletionQueue::settle_on_thread(Outcome& outcome) {
  const auto found = pending_.find(outcome.id);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  const Napi::HandleScope scope(env_);
  try {
    if (outcome.error) {
      pending.deferred.Reject(to_js_error(env_, outcome.error).Value());
    } else {
      pending.deferred.Resolve(outcome.convert ? outcome.convert(env_) : env_.Undefined());
    }
  } catch (const Napi::Error& error) {
    pending.deferred.Reject(error.Value());
  } catch (...) {
    pending.deferred.Reject(to_js_error(env_, std::current_exception()).Value());
  }
}

}  // namespace vdb
