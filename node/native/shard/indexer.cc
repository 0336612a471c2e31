#include "shard/indexer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vdb {

namespace {

// Long enough that the queue costs nothing beside the inserts (some 100 us each), short enough that
// a search which waits for the thread does not notice.
constexpr std::chrono::microseconds kQuantum{1000};

}  // namespace

/** Counts as a running inserter from the time it is submitted; also when a stopping pool drops it unrun. */
class Indexer::Turn {
 public:
  explicit Turn(std::shared_ptr<Indexer> indexer) : indexer_(std::move(indexer)) {}
  ~Turn() {
    if (indexer_ != nullptr) indexer_->leave();
  }
  Turn(Turn&& other) noexcept = default;
  Turn(const Turn&) = delete;
  Turn& operator=(Turn&&) = delete;

  Indexer& indexer() const { return *indexer_; }

 private:
  std::shared_ptr<Indexer> indexer_;
};

Indexer::Indexer(ThreadPool& pool, IndexStep step) : pool_(pool), step_(std::move(step)) {}

void Indexer::wake() {
  woken_.store(true);
  const unsigned inserters = std::max(1U, pool_.background_threads());
  unsigned running = running_.load(std::memory_order_relaxed);
  while (running < inserters && !stopped_.load(std::memory_order_acquire)) {
    if (!running_.compare_exchange_weak(running, running + 1)) continue;
    Turn turn(shared_from_this());
    pool_.submit(Priority::kIndex, [turn = std::move(turn)]() mutable {
      Indexer& indexer = turn.indexer();
      indexer.run_quantum(std::move(turn));
    });
    running++;
  }
}

void Indexer::run_quantum(Turn turn) {
  const auto end = std::chrono::steady_clock::now() + kQuantum;
  bool more = true;
  while (more && !stopped_.load(std::memory_order_acquire)) {
    try {
      more = step_();
    } catch (const std::exception&) {
      // Out of memory, in practice. The rows stay in the exact scan, and the next apply tries again.
      more = false;
    }
    if (ThreadPool::should_yield() || std::chrono::steady_clock::now() >= end) break;
  }
  if (!more) more = woken_.exchange(false);
  if (!more || stopped_.load(std::memory_order_acquire)) return;
  pool_.submit(Priority::kIndex, [turn = std::move(turn)]() mutable {
    Indexer& indexer = turn.indexer();
    indexer.run_quantum(std::move(turn));
  });
}

void Indexer::leave() {
  const std::lock_guard guard(mutex_);
  running_.fetch_sub(1);
  idle_.notify_all();
}

void Indexer::stop() {
  cancel();
  std::unique_lock guard(mutex_);
  idle_.wait(guard, [this] { return running_.load() == 0; });
}

}  // namespace vdb
