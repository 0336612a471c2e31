#include <string>

#include "log/log_impl.h"

namespace vdb {

std::vector<OwnedLogRecord> Log::Impl::read(std::uint64_t sequence, std::uint64_t bytes_max) const {
  {
    const std::lock_guard lock(mutex_);
    if (status_ == Status::kClosed) throw Closed("the log in " + directory_ + " is closed");
  }
  std::vector<OwnedLogRecord> records;
  std::uint64_t bytes = 0;
  try {
    LogReader reader = read_from(sequence);
    for (LogRecord record; reader.next(record);) {
      bytes += record.body.size();
      if (!records.empty() && bytes > bytes_max) break;
      records.push_back({record.sequence, {record.body.begin(), record.body.end()}});
      if (bytes >= bytes_max) break;
    }
  } catch (const NotFound&) {
    // Either it was dropped before, or while the reader was on its way to it.
    const std::uint64_t first = first_sequence();
    if (sequence >= first) throw;
    throw BadRequest("record " + std::to_string(sequence) + " of the log in " + directory_ +
                     " was dropped; the oldest that is kept is " + std::to_string(first));
  }
  return records;
}

}  // namespace vdb
