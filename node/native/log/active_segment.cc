#include "log/active_segment.h"

#include <algorithm>

#include "log/log_format.h"

namespace vdb {
namespace {

/** A log that stays small takes little; one that grows is extended rarely. */
constexpr std::uint64_t kStepBytesMin = 64u << 10;
constexpr std::uint64_t kStepBytesMax = 4u << 20;

}  // namespace

ActiveSegment ActiveSegment::create(const std::string& directory, std::uint64_t first_sequence) {
  const std::string path = directory + "/" + log_segment_name(first_sequence);
  ActiveSegment segment;
  segment.file_ = File::create(path);
  try {
    const auto header = encode_log_header(first_sequence);
    segment.file_.pwrite_all(header, 0);
    segment.file_.fsync();
    sync_directory(directory);
    segment.end_ = segment.allocated_ = header.size();
  } catch (...) {
    remove_file(path);
    throw;
  }
  return segment;
}

ActiveSegment ActiveSegment::open(const std::string& directory, std::uint64_t first_sequence, std::uint64_t end) {
  ActiveSegment segment;
  segment.file_ = File::open_write(directory + "/" + log_segment_name(first_sequence));
  segment.end_ = segment.allocated_ = end;
  return segment;
}

void ActiveSegment::reserve(std::uint64_t size) {
  const std::uint64_t needed = end_ + size;
  if (needed <= allocated_) return;
  const std::uint64_t step = std::clamp(allocated_, kStepBytesMin, kStepBytesMax);
  const std::uint64_t wanted = std::max(needed, allocated_ + step);
  try {
    file_.fallocate(allocated_, wanted - allocated_);
    allocated_ = wanted;
  } catch (const IoError& error) {
    // A nearly full disk may still have room for the record itself.
    if (!error.no_space() || wanted == needed) throw;
    file_.fallocate(allocated_, needed - allocated_);
    allocated_ = needed;
  }
}

void ActiveSegment::write(std::span<const std::uint8_t> bytes) {
  reserve(bytes.size());
  file_.pwrite_all(bytes, end_);
  end_ += bytes.size();
}

void ActiveSegment::cut() {
  file_.truncate(end_);
  file_.fdatasync();
  allocated_ = end_;
}

void ActiveSegment::close() { file_.close(); }

}  // namespace vdb
