#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace vdb {

/**
 * Locks for changing the links of a row, shared by rows of equal remainder: two inserters rarely meet
 * in one of 1,024. A thread holds one at a time. Readers of links take none.
 */
class NodeLocks {
 public:
  class Held {
   public:
    explicit Held(std::atomic_flag& flag) : flag_(flag) {
      for (unsigned spins = 0; flag_.test_and_set(std::memory_order_acquire); spins++)
        if (spins % 64 == 63) std::this_thread::yield();
    }
    ~Held() { flag_.clear(std::memory_order_release); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    std::atomic_flag& flag_;
  };

  [[nodiscard]] Held hold(std::uint32_t row) { return Held(flags_[row % flags_.size()]); }

 private:
  std::array<std::atomic_flag, 1024> flags_{};
};

}  // namespace vdb
