#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace vdb {

/**
 * A shared mutex that lets a waiting exclusive owner go first: inserts overlap all the time, so with
 * glibc's reader-preferring lock a growth could wait for ever. Fits std::shared_lock and std::unique_lock.
 */
class Gate {
 public:
  void lock_shared() {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return !alone_ && waiting_ == 0; });
    sharing_++;
  }
  void unlock_shared() {
    std::lock_guard guard(mutex_);
    if (--sharing_ == 0 && waiting_ > 0) changed_.notify_all();
  }
  void lock() {
    std::unique_lock guard(mutex_);
    waiting_++;
    changed_.wait(guard, [&] { return !alone_ && sharing_ == 0; });
    waiting_--;
    alone_ = true;
  }
  void unlock() {
    std::lock_guard guard(mutex_);
    alone_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t sharing_ = 0;
  std::size_t waiting_ = 0;
  bool alone_ = false;
};

}  // namespace vdb
