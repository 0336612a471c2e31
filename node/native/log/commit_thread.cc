#include "log/commit_thread.h"

#include <thread>

namespace vdb {

CommitThread& CommitThread::instance() {
  static CommitThread* const thread = new CommitThread;
  return *thread;
}

void CommitThread::start() {
  if (started_) return;
  std::thread([this] { run(); }).detach();
  started_ = true;
}

void CommitThread::schedule(Client& client) {
  {
    std::lock_guard lock(mutex_);
    start();
    if (!ready_set_.insert(&client).second) return;
    ready_.push_back(&client);
  }
  changed_.notify_all();
}

void CommitThread::schedule_at(Client& client, Clock::time_point when) {
  {
    std::lock_guard lock(mutex_);
    start();
    deadlines_.emplace(when, &client);
  }
  changed_.notify_all();
}

void CommitThread::forget(Client& client) {
  std::unique_lock lock(mutex_);
  const auto drop = [&] {
    ready_set_.erase(&client);
    std::erase(ready_, &client);
    std::erase_if(deadlines_, [&](const auto& deadline) { return deadline.second == &client; });
  };
  drop();
  changed_.wait(lock, [&] { return running_ != &client; });
  // The commit that just ended may have scheduled the next.
  drop();
}

void CommitThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto now = Clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      Client* const due = deadlines_.begin()->second;
      deadlines_.erase(deadlines_.begin());
      if (ready_set_.insert(due).second) ready_.push_back(due);
    }
    if (ready_.empty()) {
      if (deadlines_.empty()) {
        changed_.wait(lock);
      } else {
        changed_.wait_until(lock, Clock::time_point(deadlines_.begin()->first));
      }
      continue;
    }
    running_ = ready_.front();
    ready_.pop_front();
    ready_set_.erase(running_);
    lock.unlock();
    std::vector<Settled> settled = running_->commit();
    lock.lock();
    running_ = nullptr;
    lock.unlock();
    changed_.notify_all();
    for (Settled& each : settled) each.done(each.error);
    settled.clear();
    lock.lock();
  }
}

}  // namespace vdb
