#pragma once

#include <array>
#include <atomic>
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
 * commits aside. Foreground work (kSearch, kApply) and background work (kIndex, kScrub) have threads of
 * their own. Those of the background are nice to the rest of the machine: measured on two cores, an
 * upload beside index building at equal priority ran at a third of its speed, because the scheduler
 * cannot know that the event loop and a search are awaited and an insert is not.
 *
 * Tasks are not preempted, so long ones run in quanta of about a millisecond: a quantum does some
 * work, asks should_yield(), and submits its continuation when there is more to do. So that a flood of
 * searches cannot stop writes for good, a priority that was passed over kPassedOverMax times in a row
 * is served once.
 *
 * A task must not throw: that ends the process.
 */
class ThreadPool {
 public:
  /** Added to the niceness of background threads: about a tenth of the share of others, when they compete. */
  static constexpr int kBackgroundNiceness = 10;
  static constexpr std::uint32_t kPassedOverMax = 32;

  /** Foreground and background threads; 0: one per processor. */
  explicit ThreadPool(unsigned threads, unsigned background_threads = 0);
  /** As stop(). */
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /** Tasks of one priority start in the order in which they were submitted. After stop() the task is destroyed unrun. */
  void submit(Priority priority, Task task);

  /**
   * Called within a task: work of a higher priority waits for threads of this kind, or the pool stops.
   * False outside of a pool's threads.
   */
  static bool should_yield() noexcept;

  unsigned threads() const noexcept { return foreground_.threads; }
  unsigned background_threads() const noexcept { return background_.threads; }

  /** Waits for the tasks that run and destroys the waiting ones unrun. Not to be called from a task. */
  void stop();

 private:
  /** Threads that serve the priorities [first, end). */
  struct Lane {
    std::size_t first;
    std::size_t end;
    unsigned threads;
    std::condition_variable changed;
  };

  Lane& lane_of(std::size_t priority) noexcept { return priority < background_.first ? foreground_ : background_; }
  void start(Lane& lane, int niceness);
  void run_worker(Lane& lane);
  /** The priority of the lane to serve next, or kPriorities when nothing waits. Needs the mutex. */
  std::size_t choose(const Lane& lane) const;
  bool yield_wanted(Priority priority) const noexcept;

  std::mutex mutex_;
  Lane foreground_;
  Lane background_;
  std::array<std::deque<Task>, kPriorities> waiting_;
  std::array<std::uint32_t, kPriorities> passed_over_{};
  /** Copies of the queue lengths that should_yield reads without the mutex. */
  std::array<std::atomic<std::uint32_t>, kPriorities> waiting_counts_{};
  std::atomic<bool> stopping_{false};
  std::mutex stop_mutex_;
  std::vector<std::thread> workers_;
};

}  // namespace vdb
