#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

namespace vdb {

/**
 * The one thread that commits for all logs of the process, so that no log needs a thread and syncs
 * do not wait behind searches. Started by the first schedule; it never ends, because joining it
 * could only happen in a static destructor, when what it uses may be gone.
 */
class CommitThread {
 public:
  using Clock = std::chrono::steady_clock;

  /** An outcome to report, after the commit and outside of all its locks. */
  struct Settled {
    std::function<void(std::exception_ptr)> done;
    std::exception_ptr error;
  };

  class Client {
   public:
    virtual ~Client() = default;
    /** Does what is queued. Not called by two threads of this class at a time. Must not throw. */
    virtual std::vector<Settled> commit() = 0;
  };

  static CommitThread& instance();

  /** Has commit() called soon. Calls before it started are merged. */
  void schedule(Client& client);
  /** Has commit() called at `when`. */
  void schedule_at(Client& client, Clock::time_point when);
  /** Returns when commit() does not run and will not be called any more. Allowed within a settled callback. */
  void forget(Client& client);

 private:
  CommitThread() = default;
  void run();
  void start();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  Client* running_ = nullptr;
  std::deque<Client*> ready_;
  std::unordered_set<Client*> ready_set_;
  std::set<std::pair<Clock::time_point, Client*>> deadlines_;
};

}  // namespace vdb
