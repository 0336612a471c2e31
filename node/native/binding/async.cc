#include "binding/async.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "binding/completion_queue.h"

namespace vdb {
namespace {

/** What belongs to one environment. */
struct Environment {
  std::shared_ptr<CompletionQueue> completions;
};

/** What all environments of the process share. */
struct Process {
  std::mutex mutex;
  unsigned environments = 0;
  unsigned search_threads = 0;
  unsigned index_threads = 0;
  std::shared_ptr<ThreadPool> pool;
};

Process& process() {
  static Process shared;
  return shared;
}

void leave_process() {
  {
    Process& shared = process();
    std::lock_guard lock(shared.mutex);
    if (--shared.environments != 0) return;
  }
  stop_shared_pool();
}

constexpr std::size_t kCopiedBytesMax = 16u << 10;
constexpr double kIntegerMax = 9007199254740991.0;

}  // namespace

std::shared_ptr<ThreadPool> shared_pool() {
  Process& shared = process();
  std::lock_guard lock(shared.mutex);
  if (shared.pool == nullptr) shared.pool = std::make_shared<ThreadPool>(shared.search_threads, shared.index_threads);
  return shared.pool;
}

void configure_pool(unsigned search_threads, unsigned index_threads) {
  Process& shared = process();
  std::lock_guard lock(shared.mutex);
  if (shared.pool != nullptr) throw BadRequest("configure must be called before anything is opened");
  shared.search_threads = search_threads;
  shared.index_threads = index_threads;
}

unsigned pool_threads() {
  Process& shared = process();
  std::lock_guard lock(shared.mutex);
  if (shared.pool != nullptr) return shared.pool->threads();
  return shared.search_threads != 0 ? shared.search_threads : std::max(1u, std::thread::hardware_concurrency());
}

void stop_shared_pool() {
  std::shared_ptr<ThreadPool> pool;
  {
    Process& shared = process();
    std::lock_guard lock(shared.mutex);
    pool = std::move(shared.pool);
  }
  if (pool != nullptr) pool->stop();
}

void release_promises(Napi::Env env) { env.GetInstanceData<Environment>()->completions->close(); }

void init_async(Napi::Env env) {
  {
    Process& shared = process();
    std::lock_guard lock(shared.mutex);
    ++shared.environments;
  }
  // Hooks run in the reverse order: first promises are let go, then Node takes the thread-safe
  // function away, and the pool stops last.
  env.AddCleanupHook([] { leave_process(); });
  auto completions = CompletionQueue::create(env);
  env.SetInstanceData(std::make_unique<Environment>(Environment{completions}).release());
  env.AddCleanupHook([completions] { completions->close(); });
}

Completion::Completion(Napi::Env env, std::initializer_list<Napi::Value> keep)
    : queue_(env.GetInstanceData<Environment>()->completions), id_(queue_->add(keep)) {}

Completion::Completion(Completion&& other) noexcept
    : queue_(std::move(other.queue_)), id_(std::exchange(other.id_, 0)) {}

Completion::~Completion() {
  if (id_ != 0) settle(nullptr, std::make_exception_ptr(Closed("the engine is closing")));
}

Napi::Promise Completion::promise() const { return queue_->promise(id_); }
void Completion::resolve() { settle(nullptr, nullptr); }
void Completion::resolve(Convert convert) { settle(std::move(convert), nullptr); }
void Completion::reject(std::exception_ptr error) { settle(nullptr, std::move(error)); }

void Completion::settle(Convert convert, std::exception_ptr error) {
  const std::uint64_t id = std::exchange(id_, 0);
  if (id != 0) queue_->settle(id, std::move(convert), std::move(error));
}

std::span<const std::uint8_t> bytes_of(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(value.Env(), "a Uint8Array is expected");
  }
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::optional<std::span<const std::uint8_t>> optional_bytes_of(const Napi::Value& value) {
  if (value.IsNull() || value.IsUndefined()) return std::nullopt;
  return bytes_of(value);
}

Napi::Buffer<std::uint8_t> buffer_of(Napi::Env env, std::vector<std::uint8_t> bytes) {
  if (bytes.size() <= kCopiedBytesMax) return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
  auto owner = std::make_unique<std::vector<std::uint8_t>>(std::move(bytes));
  auto* const held = owner.release();
  return Napi::Buffer<std::uint8_t>::NewOrCopy(
      env, held->data(), held->size(),
      [](Napi::Env, std::uint8_t*, std::vector<std::uint8_t>* freed) {
        const std::unique_ptr<std::vector<std::uint8_t>> last_owner(freed);
      },
      held);
}

std::uint64_t integer_of(const Napi::Value& value, const char* field) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= kIntegerMax) || number != std::floor(number)) {
    throw Napi::TypeError::New(value.Env(), std::string(field) + " must be an integer from 0 to 2^53 - 1");
  }
  return static_cast<std::uint64_t>(number);
}

}  // namespace vdb
