#include "pool/strand.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace vdb {

struct Strand::State {
  ThreadPool& pool;
  const Priority priority;
  std::mutex mutex;
  std::deque<Task> waiting;
  /** A task of this strand is in the pool, waiting or running. */
  bool scheduled = false;
};

namespace {

/** Opens when it is destroyed: run and discarded tasks alike let the waiting thread go on. */
class Gate {
 public:
  struct Latch {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
  };

  explicit Gate(std::shared_ptr<Latch> latch) : latch_(std::move(latch)) {}
  Gate(Gate&&) noexcept = default;
  ~Gate() {
    if (latch_ == nullptr) return;
    std::lock_guard lock(latch_->mutex);
    latch_->open = true;
    latch_->changed.notify_all();
  }

 private:
  std::shared_ptr<Latch> latch_;
};

/** Travels with the task in the pool: when the pool discards it, the strand's waiting tasks go too. */
template <class State>
class Turn {
 public:
  explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Turn(Turn&&) noexcept = default;
  ~Turn() {
    if (state_ == nullptr) return;
    std::deque<Task> discarded;
    std::lock_guard lock(state_->mutex);
    discarded.swap(state_->waiting);
    state_->scheduled = false;
  }

  std::shared_ptr<State> take() { return std::move(state_); }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

Strand::Strand(ThreadPool& pool, Priority priority)
    : state_(std::make_shared<State>(pool, priority)) {}

void Strand::submit(Task task) {
  {
    std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(std::move(task));
    if (std::exchange(state_->scheduled, true)) return;
  }
  state_->pool.submit(state_->priority, [turn = Turn(state_)]() mutable { run_next(turn.take()); });
}

void Strand::run_next(std::shared_ptr<State> state) {
  Task task;
  {
    std::lock_guard lock(state->mutex);
    task = std::move(state->waiting.front());
    state->waiting.pop_front();
  }
  task();
  task = Task();
  {
    std::lock_guard lock(state->mutex);
    if (state->waiting.empty()) {
      state->scheduled = false;
      return;
    }
  }
  ThreadPool& pool = state->pool;
  const Priority priority = state->priority;
  pool.submit(priority, [turn = Turn(std::move(state))]() mutable { run_next(turn.take()); });
}

void Strand::wait() {
  auto latch = std::make_shared<Gate::Latch>();
  submit([gate = Gate(latch)] {});
  std::unique_lock lock(latch->mutex);
  latch->changed.wait(lock, [&] { return latch->open; });
}

}  // namespace vdb
