#include "log/log_impl.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace vdb {

Log::Impl::Impl(std::string directory, const LogOptions& options, RecoveredLog recovered)
    : directory_(std::move(directory)),
      options_(options),
      segments_(std::move(recovered.segments)),
      last_(recovered.last_sequence),
      written_(last_),
      durable_(last_) {}

std::string Log::Impl::path_of(std::uint64_t first_sequence) const {
  return directory_ + "/" + log_segment_name(first_sequence);
}

void Log::Impl::check_appendable() {
  switch (status_) {
    case Status::kOpen:
      return;
    case Status::kFull:
      CommitThread::instance().schedule(*this);
      std::rethrow_exception(error_);
    case Status::kPoisoned:
      std::rethrow_exception(error_);
    case Status::kClosing:
    case Status::kClosed:
      throw Closed("the log in " + directory_ + " is closed");
  }
}

std::uint64_t Log::Impl::append(std::span<const std::span<const std::uint8_t>> bodies) {
  if (bodies.empty()) throw std::invalid_argument("an append to a log needs a record");
  std::size_t added = 0;
  for (const auto& body : bodies) {
    if (body.empty()) throw std::invalid_argument("a record of a log needs at least one byte");
    if (body.size() > kLogBodyBytesMax) throw std::invalid_argument("a record of a log has at most 1 GiB");
    added += kLogRecordHeaderBytes + body.size();
  }
  std::lock_guard lock(mutex_);
  check_appendable();
  if (queue_.ends.empty()) queue_.first_sequence = last_ + 1;
  const std::uint64_t first = last_ + 1;
  // Doubles like push_back does, where reserve alone would copy the queue at each append.
  if (queue_.bytes.capacity() < queue_.bytes.size() + added) {
    queue_.bytes.reserve(std::max(queue_.bytes.size() + added, 2 * queue_.bytes.capacity()));
  }
  const auto put = [this](const void* data, std::size_t size) {
    const auto* start = static_cast<const std::uint8_t*>(data);
    queue_.bytes.insert(queue_.bytes.end(), start, start + size);
  };
  for (const auto& body : bodies) {
    const std::uint64_t sequence = ++last_;
    const auto size = static_cast<std::uint32_t>(body.size());
    const std::uint32_t crc = 0;
    const std::uint64_t durable = 0;
    put(&size, sizeof(size));
    put(&crc, sizeof(crc));
    put(&sequence, sizeof(sequence));
    put(&durable, sizeof(durable));
    put(body.data(), body.size());
    queue_.ends.push_back(queue_.bytes.size());
  }
  CommitThread::instance().schedule(*this);
  return first;
}

void Log::Impl::when(std::uint64_t sequence, bool synced, Callback done) {
  std::exception_ptr error;
  {
    std::lock_guard lock(mutex_);
    const bool needs_sync = synced || options_.sync == SyncMode::kAlways;
    if (sequence > (needs_sync ? durable_ : written_)) {
      if (error_ && (status_ == Status::kPoisoned || status_ == Status::kClosed || sequence > last_)) {
        error = error_;
      } else if (sequence > last_) {
        error = std::make_exception_ptr(
            std::invalid_argument("the log in " + directory_ + " has no record " + std::to_string(sequence)));
      } else {
        waiters_.push_back({sequence, needs_sync, std::move(done)});
        CommitThread::instance().schedule(*this);
        return;
      }
    }
  }
  done(error);
}

std::uint64_t Log::Impl::last_sequence() const {
  std::lock_guard lock(mutex_);
  return last_;
}

std::uint64_t Log::Impl::first_sequence() const {
  std::lock_guard lock(mutex_);
  return segments_.empty() ? 1 : segments_.front().first_sequence;
}

std::uint64_t Log::Impl::durable_sequence() const {
  std::lock_guard lock(mutex_);
  return durable_;
}

std::uint64_t Log::Impl::size_bytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t size = 0;
  for (const LogSegment& segment : segments_) size += segment.size_bytes;
  return size;
}

LogReader Log::Impl::read_from(std::uint64_t sequence) const {
  std::lock_guard lock(mutex_);
  const std::uint64_t first = segments_.empty() ? 1 : segments_.front().first_sequence;
  if (sequence < first) throw NotFound("read record " + std::to_string(sequence) + " of the log in", directory_);
  std::vector<std::uint64_t> segments;
  for (const LogSegment& segment : segments_) segments.push_back(segment.first_sequence);
  return LogReader(directory_, std::move(segments), sequence, written_);
}

void Log::Impl::settle_now(std::vector<Settled> settled) {
  for (Settled& each : settled) each.done(each.error);
}

void Log::Impl::close() {
  std::vector<Settled> settled;
  std::exception_ptr error;
  {
    std::lock_guard truncation(truncate_mutex_);
    std::lock_guard io(io_mutex_);
    {
      std::lock_guard lock(mutex_);
      if (status_ == Status::kClosed) return;
      if (status_ == Status::kPoisoned) {
        error = error_;
      } else {
        status_ = Status::kClosing;
      }
    }
    settled = commit_locked(true);
    for (const Settled& each : settled) {
      if (each.error && !error) error = each.error;
    }
    std::lock_guard lock(mutex_);
    status_ = Status::kClosed;
  }
  CommitThread::instance().forget(*this);
  settle_now(std::move(settled));
  if (error) std::rethrow_exception(error);
}

}  // namespace vdb
