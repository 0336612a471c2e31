#include "pool/thread_pool.h"

#include <algorithm>

namespace vdb {
namespace {

constexpr auto kForegroundClasses = static_cast<std::size_t>(Priority::kIndex);

bool is_background(Priority priority) { return static_cast<std::size_t>(priority) >= kForegroundClasses; }

/** What the current thread runs, for should_yield(). */
struct Current {
  const ThreadPool* pool = nullptr;
  Priority priority = Priority::kSearch;
};
thread_local Current current;

unsigned or_processors(unsigned count) { return count != 0 ? count : std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace

ThreadPool::ThreadPool(unsigned threads, unsigned background_threads)
    : thread_count_(or_processors(threads)),
      background_limit_(background_threads == 0 ? thread_count_ : std::min(background_threads, thread_count_)),
      foreground_seen_((Clock::now() - kForegroundWindow).time_since_epoch().count()) {
  workers_.reserve(thread_count_);
  for (unsigned i = 0; i < thread_count_; ++i) workers_.emplace_back([this] { run_worker(); });
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::submit(Priority priority, Task task) {
  const auto index = static_cast<std::size_t>(priority);
  {
    std::lock_guard lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    waiting_[index].push_back(std::move(task));
    waiting_counts_[index].fetch_add(1, std::memory_order_relaxed);
    if (!is_background(priority)) {
      foreground_seen_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    }
  }
  changed_.notify_one();
}

bool ThreadPool::should_yield() noexcept { return current.pool != nullptr && current.pool->yield_wanted(current.priority); }

bool ThreadPool::yield_wanted(Priority priority) const noexcept {
  if (stopping_.load(std::memory_order_relaxed)) return true;
  for (std::size_t higher = 0; higher < static_cast<std::size_t>(priority); ++higher) {
    if (waiting_counts_[higher].load(std::memory_order_relaxed) != 0) return true;
  }
  return is_background(priority) && thread_count_ > 1 &&
         background_running_.load(std::memory_order_relaxed) >= thread_count_ && foreground_recent();
}

bool ThreadPool::foreground_recent() const noexcept {
  const Clock::duration seen(foreground_seen_.load(std::memory_order_relaxed));
  return Clock::now().time_since_epoch() - seen < kForegroundWindow;
}

bool ThreadPool::background_may_start() const {
  const std::uint32_t running = background_running_.load(std::memory_order_relaxed);
  if (running >= background_limit_) return false;
  return thread_count_ == 1 || running + 1 < thread_count_ || !foreground_recent();
}

std::size_t ThreadPool::choose() const {
  std::size_t first = kPriorities;
  for (std::size_t index = 0; index < kPriorities; ++index) {
    if (waiting_[index].empty()) continue;
    if (is_background(static_cast<Priority>(index)) && !background_may_start()) break;
    if (passed_over_[index] >= kPassedOverMax) return index;
    if (first == kPriorities) first = index;
  }
  return first;
}

void ThreadPool::run_worker() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_.load(std::memory_order_relaxed)) return;
    const std::size_t index = choose();
    if (index == kPriorities) {
      const bool background_waits = std::any_of(waiting_.begin() + kForegroundClasses, waiting_.end(),
                                                [](const auto& queue) { return !queue.empty(); });
      // Background work that is held back only for the foreground's sake may start when the window is over.
      if (background_waits && background_running_.load(std::memory_order_relaxed) < background_limit_) {
        changed_.wait_for(lock, kForegroundWindow);
      } else {
        changed_.wait(lock);
      }
      continue;
    }
    Task task = std::move(waiting_[index].front());
    waiting_[index].pop_front();
    waiting_counts_[index].fetch_sub(1, std::memory_order_relaxed);
    passed_over_[index] = 0;
    for (std::size_t lower = index + 1; lower < kPriorities; ++lower) {
      if (!waiting_[lower].empty()) ++passed_over_[lower];
    }
    const auto priority = static_cast<Priority>(index);
    if (is_background(priority)) background_running_.fetch_add(1, std::memory_order_relaxed);
    lock.unlock();

    current = {this, priority};
    task();
    // What the task holds is released before it counts as done, and outside of the lock: it may submit.
    task = Task();
    current = {};

    lock.lock();
    if (is_background(priority)) {
      background_running_.fetch_sub(1, std::memory_order_relaxed);
      changed_.notify_one();
    } else {
      foreground_seen_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    }
  }
}

void ThreadPool::stop() {
  std::lock_guard once(stop_mutex_);
  {
    std::lock_guard lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
  }
  changed_.notify_all();
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
