#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "pool/task.h"

namespace vdb {

/** What waits is taken in this order. */
enum class Priority : std::uint8_t { kSearch, kApply, kIndex, kScrub };
inline constexpr std::size_t kPriorities = 4;

/**
 * The threads on which everything of the engine runs that is longer than a few microseconds, log
 * commits aside. Tasks are not preempted, so background work (kIndex, kScrub) runs in quanta of
 * about a millisecond: a quantum does some work, asks should_yield(), and submits its continuation
 * when there is more to do.
 *
 * While foreground work (kSearch, kApply) was seen within the last kForegroundWindow, background
 * tasks leave one thread free when there are two or more; on an idle node they may use all that they
 * are allowed. So that a flood of searches cannot stop writes and indexing for good, a priority that
 * was passed over kPassedOverMax times in a row is served once.
 *
 * A task must not throw: that ends the process.
 */
class ThreadPool {
 public:
  static constexpr std::chrono::milliseconds kForegroundWindow{20};
  static constexpr std::uint32_t kPassedOverMax = 32;

  /** `threads` 0: one per processor. `background_threads` bounds running kIndex and kScrub tasks; 0: `threads`. */
  explicit ThreadPool(unsigned threads, unsigned background_threads = 0);
  /** As stop(). */
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /** Tasks of one priority start in the order in which they were submitted. After stop() the task is destroyed unrun. */
  void submit(Priority priority, Task task);

  /**
   * Called within a task: work of a higher priority waits, or the pool stops, or this background task
   * holds the thread that should be free for the foreground. False outside of a pool's threads.
   */
  static bool should_yield() noexcept;

  unsigned threads() const noexcept { return thread_count_; }
  unsigned background_threads() const noexcept { return background_limit_; }

  /** Waits for the tasks that run and destroys the waiting ones unrun. Not to be called from a task. */
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  void run_worker();
  /** The priority to serve next, or kPriorities when nothing may start now. Needs the mutex. */
  std::size_t choose() const;
  bool background_may_start() const;
  bool yield_wanted(Priority priority) const noexcept;
  bool foreground_recent() const noexcept;

  const unsigned thread_count_;
  const unsigned background_limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::deque<Task>, kPriorities> waiting_;
  std::array<std::uint32_t, kPriorities> passed_over_{};
  /** Copies of the queue lengths that should_yield reads without the mutex. */
  std::array<std::atomic<std::uint32_t>, kPriorities> waiting_counts_{};
  std::atomic<std::uint32_t> background_running_{0};
  std::atomic<Clock::rep> foreground_seen_;
  std::atomic<bool> stopping_{false};
  std::mutex stop_mutex_;
  std::vector<std::thread> workers_;
};

}  // namespace vdb
