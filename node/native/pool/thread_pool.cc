#include "pool/thread_pool.h"

#include <algorithm>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace vdb {
namespace {

constexpr auto kFirstBackground = static_cast<std::size_t>(Priority::kIndex);

/** What the current thread runs, for should_yield(). */
struct Current {
  const ThreadPool* pool = nullptr;
  Priority priority = Priority::kSearch;
};
thread_local Current current;

unsigned or_processors(unsigned count) { return count != 0 ? count : std::max(1u, std::thread::hardware_concurrency()); }

/** On Linux a niceness is a thread's own. Elsewhere it would be the process's, so there it stays. */
void become_nicer([[maybe_unused]] int by) {
#ifdef __linux__
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  // A failure leaves the thread as eager as the others, which is slower and not wrong.
  ::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + by);
#endif
}

}  // namespace

ThreadPool::ThreadPool(unsigned threads, unsigned background_threads)
    : foreground_{0, kFirstBackground, or_processors(threads), {}},
      background_{kFirstBackground, kPriorities, or_processors(background_threads), {}} {
  workers_.reserve(foreground_.threads + background_.threads);
  start(foreground_, 0);
  start(background_, kBackgroundNiceness);
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::start(Lane& lane, int niceness) {
  for (unsigned i = 0; i < lane.threads; ++i) {
    workers_.emplace_back([this, &lane, niceness] {
      if (niceness != 0) become_nicer(niceness);
      run_worker(lane);
    });
  }
}

void ThreadPool::submit(Priority priority, Task task) {
  const auto index = static_cast<std::size_t>(priority);
  {
    std::lock_guard lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    waiting_[index].push_back(std::move(task));
    waiting_counts_[index].fetch_add(1, std::memory_order_relaxed);
  }
  lane_of(index).changed.notify_one();
}

bool ThreadPool::should_yield() noexcept { return current.pool != nullptr && current.pool->yield_wanted(current.priority); }

bool ThreadPool::yield_wanted(Priority priority) const noexcept {
  if (stopping_.load(std::memory_order_relaxed)) return true;
  const auto own = static_cast<std::size_t>(priority);
  const std::size_t first = own < kFirstBackground ? 0 : kFirstBackground;
  for (std::size_t higher = first; higher < own; ++higher) {
    if (waiting_counts_[higher].load(std::memory_order_relaxed) != 0) return true;
  }
  return false;
}

std::size_t ThreadPool::choose(const Lane& lane) const {
  std::size_t first = kPriorities;
  for (std::size_t index = lane.first; index < lane.end; ++index) {
    if (waiting_[index].empty()) continue;
    if (passed_over_[index] >= kPassedOverMax) return index;
    if (first == kPriorities) first = index;
  }
  return first;
}

void ThreadPool::run_worker(Lane& lane) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_.load(std::memory_order_relaxed)) return;
    const std::size_t index = choose(lane);
    if (index == kPriorities) {
      lane.changed.wait(lock);
      continue;
    }
    Task task = std::move(waiting_[index].front());
    waiting_[index].pop_front();
    waiting_counts_[index].fetch_sub(1, std::memory_order_relaxed);
    passed_over_[index] = 0;
    for (std::size_t lower = index + 1; lower < lane.end; ++lower) {
      if (!waiting_[lower].empty()) ++passed_over_[lower];
    }
    lock.unlock();

    current = {this, static_cast<Priority>(index)};
    task();
    // What the task holds is released before it counts as done, and outside of the lock: it may submit.
    task = Task();
    current = {};

    lock.lock();
  }
}

void ThreadPool::stop() {
  std::lock_guard once(stop_mutex_);
  {
    std::lock_guard lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
  }
  foreground_.changed.notify_all();
  background_.changed.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();

  // Destroying a task may destroy what owns other tasks, or submit: so not under the lock.
  std::array<std::deque<Task>, kPriorities> discarded;
  {
    std::lock_guard lock(mutex_);
    discarded.swap(waiting_);
    for (auto& count : waiting_counts_) count.store(0, std::memory_order_relaxed);
  }
}

}  // namespace vdb
