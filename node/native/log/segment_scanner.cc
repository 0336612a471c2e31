#include "log/segment_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace vdb {
namespace {

constexpr std::uint64_t kWindowBytes = 1u << 20;

}  // namespace

SegmentScanner::SegmentScanner(const std::string& path, std::uint64_t first_sequence)
    : file_(File::open_read(path)), file_bytes_(file_.size()), offset_(kLogHeaderBytes), next_sequence_(first_sequence) {
  std::array<std::uint8_t, kLogHeaderBytes> bytes;
  file_.pread_all(bytes, 0);
  if (decode_log_header(bytes, path) != first_sequence) throw FormatError("the header of " + path + " does not verify");
}

bool SegmentScanner::fill(std::uint64_t size) {
  if (offset_ > file_bytes_ || size > file_bytes_ - offset_) return false;
  if (offset_ >= window_offset_ && offset_ + size <= window_offset_ + window_.size()) return true;
  window_.resize(std::min(std::max(size, kWindowBytes), file_bytes_ - offset_));
  window_offset_ = offset_;
  // A file that another thread cut meanwhile ends early; what is missing then does not verify.
  window_.resize(file_.pread_some(window_, offset_));
  return window_.size() >= size;
}

bool SegmentScanner::next() {
  body_ = {};
  if (!fill(kLogRecordHeaderBytes)) return false;
  const auto at_offset = [this] { return std::span<const std::uint8_t>(window_).subspan(offset_ - window_offset_); };
  const LogRecordHeader header = decode_log_record_header(at_offset().first<kLogRecordHeaderBytes>());
  if (header.body_bytes == 0 || header.body_bytes > kLogBodyBytesMax || header.sequence != next_sequence_) return false;
  const std::uint64_t size = kLogRecordHeaderBytes + header.body_bytes;
  if (!fill(size)) return false;
  const auto record = at_offset().first(size);
  if (log_record_crc(record) != header.crc) return false;
  header_ = header;
  body_ = record.subspan(kLogRecordHeaderBytes);
  offset_ += size;
  ++next_sequence_;
  return true;
}

std::span<const std::uint8_t> SegmentScanner::body() const noexcept { return body_; }

bool SegmentScanner::holds_record(const File& file, std::uint64_t offset, std::uint64_t sequence_min,
                                  std::uint64_t durable_min) {
  // Lengths cannot be trusted here, so a record is looked for at every byte. A sequence and a durable
  // sequence that fit are rare enough that almost nothing but records is read a second time.
  constexpr std::uint64_t kSequenceOffset = 8;
  const std::uint64_t file_bytes = file.size();
  std::vector<std::uint8_t> window;
  std::vector<std::uint8_t> record;
  for (std::uint64_t start = offset; start + kLogRecordHeaderBytes < file_bytes; start += kWindowBytes) {
    window.resize(std::min(kWindowBytes + kLogRecordHeaderBytes, file_bytes - start));
    window.resize(file.pread_some(window, start));
    for (std::uint64_t i = 0; i < kWindowBytes && i + kLogRecordHeaderBytes <= window.size(); ++i) {
      std::uint64_t sequence;
      std::memcpy(&sequence, window.data() + i + kSequenceOffset, sizeof(sequence));
      if (sequence < sequence_min) continue;
      const auto header =
          decode_log_record_header(std::span<const std::uint8_t>(window).subspan(i).first<kLogRecordHeaderBytes>());
      const std::uint64_t size = kLogRecordHeaderBytes + header.body_bytes;
      if (header.durable_sequence < durable_min || header.durable_sequence >= sequence || header.body_bytes == 0 ||
          header.body_bytes > kLogBodyBytesMax || size > file_bytes - start - i) {
        continue;
      }
      record.resize(size);
      if (file.pread_some(record, start + i) == size && log_record_crc(record) == header.crc) return true;
    }
  }
  return false;
}

}  // namespace vdb
