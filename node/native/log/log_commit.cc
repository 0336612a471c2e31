#include <algorithm>
#include <utility>

#include "log/log_impl.h"

namespace vdb {
namespace {

/** A buffer that a burst made large is not kept. */
constexpr std::size_t kSpareBytesMax = 8u << 20;

}  // namespace

std::vector<CommitThread::Settled> Log::Impl::commit() {
  std::lock_guard io(io_mutex_);
  return commit_locked(false);
}

std::vector<CommitThread::Settled> Log::Impl::commit_locked(bool final) {
  Status status;
  Queue queue = std::move(spare_);
  {
    std::lock_guard lock(mutex_);
    status = status_;
    if (status == Status::kOpen || status == Status::kClosing) std::swap(queue, queue_);
  }
  if (status == Status::kFull && !final) probe();
  if (status == Status::kOpen || status == Status::kClosing) {
    if (!queue.ends.empty()) write_queue(queue);
    sync_if_due(final);
  }
  queue.ends.clear();
  queue.bytes.clear();
  if (queue.bytes.capacity() <= kSpareBytesMax) spare_ = std::move(queue);
  return collect_settled();
}

void Log::Impl::write_queue(Queue& queue) {
  std::size_t record = 0;
  std::size_t start = 0;
  try {
    while (record < queue.ends.size()) {
      ensure_segment(queue.first_sequence + record);
      // One write for all records that start within the segment.
      const std::size_t chunk_start = start;
      const std::uint64_t room = options_.segment_bytes - std::min(options_.segment_bytes, active_.end());
      const std::uint64_t durable = durable_sequence();
      do {
        seal_log_record(std::span(queue.bytes).subspan(start, queue.ends[record] - start), durable);
        start = queue.ends[record++];
      } while (record < queue.ends.size() && start - chunk_start < room);
      active_.write(std::span(queue.bytes).subspan(chunk_start, start - chunk_start));
      std::lock_guard lock(mutex_);
      if (durable_ == written_) sync_due_ = Clock::now() + options_.sync_interval;
      written_ = queue.first_sequence + record - 1;
      segments_.back().size_bytes = active_.end();
    }
  } catch (const IoError& error) {
    // Closing the segment before may have failed, and has poisoned the log then.
    if (poisoned()) return;
    if (error.no_space()) {
      take_back(error);
    } else {
      poison(std::current_exception());
    }
  } catch (...) {
    poison(std::current_exception());
  }
}

/** Leaves an open segment with room for a record; on the way, closes a full one, whole and synced. */
void Log::Impl::ensure_segment(std::uint64_t next_sequence) {
  if (active_.is_open()) {
    if (active_.end() < options_.segment_bytes) return;
    try {
      active_.cut();
      active_.close();
    } catch (...) {
      poison(std::current_exception());
      throw;
    }
    active_ = ActiveSegment();
    std::lock_guard lock(mutex_);
    durable_ = written_;
  }
  // Only this side of io_mutex_ appends to the list, and truncate_before leaves the last in place.
  LogSegment last;
  {
    std::lock_guard lock(mutex_);
    if (!segments_.empty()) last = segments_.back();
  }
  if (last.first_sequence != 0 && last.size_bytes < options_.segment_bytes) {
    active_ = ActiveSegment::open(directory_, last.first_sequence, last.size_bytes);
    return;
  }
  active_ = ActiveSegment::create(directory_, next_sequence);
  std::lock_guard lock(mutex_);
  segments_.push_back({next_sequence, active_.end()});
}

void Log::Impl::sync_if_due(bool final) {
  bool due = final || options_.sync == SyncMode::kAlways;
  bool dirty;
  {
    std::lock_guard lock(mutex_);
    if (status_ == Status::kPoisoned) return;
    dirty = durable_ < written_;
    for (const Waiter& waiter : waiters_) due = due || (waiter.synced && waiter.sequence > durable_);
    const auto now = Clock::now();
    due = due || now >= sync_due_;
    if (dirty && !due && std::exchange(sync_scheduled_, sync_due_) != sync_due_) {
      CommitThread::instance().schedule_at(*this, sync_due_);
    }
  }
  if (dirty && due && !sync_active()) return;
  if (!final || !active_.is_open()) return;
  try {
    // What was preallocated is given back, so that opening again has nothing to scan.
    active_.cut();
    active_.close();
  } catch (...) {
    poison(std::current_exception());
  }
  active_ = ActiveSegment();
}

bool Log::Impl::sync_active() {
  try {
    active_.sync();
  } catch (...) {
    poison(std::current_exception());
    return false;
  }
  std::lock_guard lock(mutex_);
  durable_ = written_;
  return true;
}

/** While the disk is full: finds out whether it still is. */
void Log::Impl::probe() {
  try {
    ensure_segment(written_ + 1);
    active_.reserve(1);
    std::lock_guard lock(mutex_);
    status_ = Status::kOpen;
  } catch (const IoError& error) {
    if (!error.no_space()) poison(std::current_exception());
  } catch (...) {
    poison(std::current_exception());
  }
}

/** The disk is full: nothing that was not written will be, and its sequences are free again. */
void Log::Impl::take_back(const IoError& error) {
  try {
    if (active_.is_open()) active_.cut();
  } catch (...) {
    poison(std::current_exception());
    return;
  }
  std::lock_guard lock(mutex_);
  durable_ = written_;
  last_ = written_;
  queue_.bytes.clear();
  queue_.ends.clear();
  error_ = std::make_exception_ptr(error);
  if (status_ == Status::kOpen) status_ = Status::kFull;
}

void Log::Impl::poison(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (status_ == Status::kPoisoned) return;
  status_ = Status::kPoisoned;
  error_ = std::move(error);
  queue_.bytes.clear();
  queue_.ends.clear();
}

bool Log::Impl::poisoned() const {
  std::lock_guard lock(mutex_);
  return status_ == Status::kPoisoned;
}

std::vector<CommitThread::Settled> Log::Impl::collect_settled() {
  std::vector<Settled> settled;
  std::lock_guard lock(mutex_);
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (waiter.sequence <= (waiter.synced ? durable_ : written_)) {
      settled.push_back({std::move(waiter.done), nullptr});
    } else if (status_ == Status::kPoisoned || waiter.sequence > last_) {
      settled.push_back({std::move(waiter.done), error_});
    } else {
      return false;
    }
    return true;
  });
  return settled;
}

}  // namespace vdb
