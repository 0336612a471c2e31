#include "log/recovery.h"

#include <array>
#include <optional>

#include "io/file.h"
#include "log/log_format.h"
#include "log/segment_scanner.h"

namespace vdb {
namespace {

std::vector<LogSegment> list_segments(const std::string& directory) {
  std::vector<LogSegment> segments;
  for (const std::string& name : list_directory(directory)) {
    if (const auto first = parse_log_segment_name(name)) {
      segments.push_back({*first, File::open_read(directory + "/" + name).size()});
    }
  }
  return segments;
}

/**
 * Records are written to a segment only after its header was synced. So a header that does not verify
 * before no record at all is a creation that a crash interrupted; before a record it is damage.
 */
bool creation_was_interrupted(const std::string& path, std::uint64_t first_sequence) {
  const File file = File::open_read(path);
  std::array<std::uint8_t, kLogHeaderBytes> bytes{};
  const bool whole = file.pread_some(bytes, 0) == bytes.size();
  if (whole && decode_log_header(bytes, path).has_value()) return false;
  if (SegmentScanner::holds_record(file, 0, first_sequence, 0)) {
    throw FormatError("the header of " + path + " is damaged, and records follow it");
  }
  return true;
}

/** Returns the sequence after the last record of `segment`, whose torn tail it cuts. */
std::uint64_t recover_tail(const std::string& path, LogSegment& segment) {
  SegmentScanner scanner(path, segment.first_sequence);
  while (scanner.next()) {
  }
  if (scanner.damaged()) {
    throw FormatError("record " + std::to_string(scanner.next_sequence()) + " at byte " +
                      std::to_string(scanner.offset()) + " of " + path + " is damaged, and was acknowledged");
  }
  File file = File::open_write(path);
  if (segment.size_bytes != scanner.offset()) file.truncate(scanner.offset());
  // Also what verifies may be in the page cache only, when a process died before its sync.
  file.fdatasync();
  segment.size_bytes = scanner.offset();
  return scanner.next_sequence();
}

}  // namespace

RecoveredLog recover_log(const std::string& directory) {
  create_directories(directory);
  RecoveredLog log{list_segments(directory), 0};
  if (log.segments.empty()) return log;
  const auto path_of = [&](const LogSegment& segment) {
    return directory + "/" + log_segment_name(segment.first_sequence);
  };

  std::optional<std::uint64_t> interrupted;
  const LogSegment newest = log.segments.back();
  if (creation_was_interrupted(path_of(newest), newest.first_sequence)) {
    if (log.segments.size() == 1 && newest.first_sequence != 1) {
      throw FormatError("the header of " + path_of(newest) + " is damaged, and no segment is before it");
    }
    interrupted = newest.first_sequence;
    log.segments.pop_back();
  }
  std::uint64_t next_sequence = 1;
  if (!log.segments.empty()) next_sequence = recover_tail(path_of(log.segments.back()), log.segments.back());
  // A segment is closed, whole and synced, before the next one is made.
  if (interrupted.has_value()) {
    if (*interrupted != next_sequence) {
      throw FormatError("record " + std::to_string(next_sequence) + " of the log in " + directory + " is missing");
    }
    remove_file(path_of(newest));
  }
  sync_directory(directory);
  log.last_sequence = next_sequence - 1;
  return log;
}

}  // namespace vdb
