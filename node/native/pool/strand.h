#pragma once

#include <memory>

#include "pool/thread_pool.h"

namespace vdb {

/**
 * Runs its tasks one after the other, in the order of submission, on whichever thread of the pool is
 * free. After each task it goes to the end of the pool's queue, so that many busy strands share the
 * threads. Each task sees all that the ones before it did. A strand may be destroyed while tasks of
 * it wait or run; they still run. The pool must outlive the last of them, or be stopped.
 */
class Strand {
 public:
  Strand(ThreadPool& pool, Priority priority);

  void submit(Task task);
  /**
   * Blocks until everything submitted before is done. Not to be called from a task of this strand.
   * Returns at once for what a stopping pool discarded.
   */
  void wait();

 private:
  struct State;
  static void run_next(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace vdb
