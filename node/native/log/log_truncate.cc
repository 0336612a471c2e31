#include <stdexcept>

#include "io/file.h"
#include "log/log_impl.h"

namespace vdb {

void Log::Impl::truncate_before(std::uint64_t sequence) {
  std::lock_guard truncation(truncate_mutex_);
  while (true) {
    LogSegment oldest;
    {
      std::lock_guard lock(mutex_);
      const bool unneeded = segments_.size() > 1 + std::size_t{options_.retain_closed_segments} &&
                            segments_[1].first_sequence <= sequence;
      if (!unneeded) return;
      oldest = segments_.front();
      segments_.erase(segments_.begin());
    }
    // Oldest first and each made durable, so that power loss cannot leave a gap.
    remove_file(path_of(oldest.first_sequence));
    sync_directory(directory_);
  }
}

void Log::Impl::check_not_failed() const {
  std::lock_guard lock(mutex_);
  if (status_ == Status::kPoisoned) std::rethrow_exception(error_);
  if (status_ == Status::kClosed) throw Closed("the log in " + directory_ + " is closed");
}

void Log::Impl::truncate_from(std::uint64_t sequence) {
  if (sequence < first_sequence()) {
    throw std::invalid_argument("the log in " + directory_ + " starts after record " + std::to_string(sequence));
  }
  std::vector<Settled> settled;
  std::exception_ptr error;
  {
    std::lock_guard truncation(truncate_mutex_);
    std::lock_guard io(io_mutex_);
    settled = commit_locked(false);
    try {
      check_not_failed();
      if (sequence <= last_sequence()) drop_from(sequence);
    } catch (...) {
      error = std::current_exception();
    }
  }
  settle_now(std::move(settled));
  if (error) std::rethrow_exception(error);
}

/** Newest segment first and each removal made durable, so that power loss leaves a log without a gap. */
void Log::Impl::drop_from(std::uint64_t sequence) try {
  active_ = ActiveSegment();
  LogSegment last;
  while (true) {
    {
      std::lock_guard lock(mutex_);
      last = segments_.back();
      if (last.first_sequence <= sequence) break;
      segments_.pop_back();
    }
    remove_file(path_of(last.first_sequence));
    sync_directory(directory_);
  }
  SegmentScanner scanner(path_of(last.first_sequence), last.first_sequence);
  while (scanner.next_sequence() < sequence) {
    if (!scanner.next()) {
      throw FormatError("record " + std::to_string(scanner.next_sequence()) + " of the log in " + directory_ +
                        " does not verify");
    }
  }
  ActiveSegment segment = ActiveSegment::open(directory_, last.first_sequence, scanner.offset());
  segment.cut();
  std::lock_guard lock(mutex_);
  segments_.back().size_bytes = scanner.offset();
  last_ = written_ = durable_ = sequence - 1;
} catch (...) {
  poison(std::current_exception());
  throw;
}

}  // namespace vdb
