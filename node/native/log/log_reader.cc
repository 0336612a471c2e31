#include "log/log_reader.h"

#include <utility>

namespace vdb {

LogReader::LogReader(std::string directory, std::vector<std::uint64_t> segments, std::uint64_t from, std::uint64_t last)
    : directory_(std::move(directory)), segments_(std::move(segments)), next_(from), last_(last) {
  while (position_ + 1 < segments_.size() && segments_[position_ + 1] <= from) ++position_;
}

bool LogReader::next(LogRecord& record) {
  if (next_ > last_) return false;
  while (true) {
    if (!scanner_.is_open()) {
      if (position_ == segments_.size()) throw FormatError("the log in " + directory_ + " lacks record " + std::to_string(next_));
      const std::uint64_t first = segments_[position_];
      scanner_ = SegmentScanner(directory_ + "/" + log_segment_name(first), first);
    }
    if (scanner_.next()) {
      if (scanner_.sequence() < next_) continue;
      record = {scanner_.sequence(), scanner_.body()};
      ++next_;
      return true;
    }
    const bool complete = position_ + 1 < segments_.size() && scanner_.next_sequence() == segments_[position_ + 1];
    if (!complete) {
      throw FormatError("record " + std::to_string(scanner_.next_sequence()) + " of the log in " + directory_ +
                        " does not verify at byte " + std::to_string(scanner_.offset()) + " of " +
                        log_segment_name(segments_[position_]));
    }
    scanner_ = SegmentScanner();
    ++position_;
  }
}

}  // namespace vdb
