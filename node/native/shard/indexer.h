// Inserts rows into the graphs of a shard in the background, in small quanta of the pool.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "pool/thread_pool.h"

namespace vdb {

/**
 * The step that a quantum repeats: inserts some rows; false when there is nothing to do. Several
 * threads call it at once. An exception ends the indexing until the next wake.
 */
using IndexStep = std::function<bool()>;

class Indexer : public std::enable_shared_from_this<Indexer> {
 public:
  Indexer(ThreadPool& pool, IndexStep step);

  /** There may be rows to insert. Cheap; called after every apply. */
  void wake();
  /** Nothing starts afterwards. */
  void cancel() noexcept { stopped_.store(true, std::memory_order_release); }
  /** As cancel, and waits for the quanta that run. Not to be called from a quantum. */
  void stop();
  /** Inserters at work. */
  unsigned running() const noexcept { return running_.load(std::memory_order_relaxed); }

 private:
  class Turn;
  void run_quantum(Turn turn);
  void leave();

  ThreadPool& pool_;
  IndexStep step_;
  std::atomic<unsigned> running_{0};
  std::atomic<bool> stopped_{false};
  /** Set by every wake, so that one which comes while an inserter gives up is not lost. */
  std::atomic<bool> woken_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
};

}  // namespace vdb
