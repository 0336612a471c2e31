#include "codec/point_writer.h"

#include <algorithm>
#include <string>

#include "io/errors.h"

namespace vdb {

void check_point_count(std::size_t count) {
  if (count <= kPointsPerRequestMax) return;
  throw BadRequest("a request may have at most " + std::to_string(kPointsPerRequestMax) + " points");
}

void PointVectors::note(std::uint16_t name, std::size_t begin) {
  // A point has at most as many names as its collection, and those are few.
  std::erase_if(parts_, [&](const Part& part) { return part.name == name; });
  parts_.push_back({name, begin, writer_.size()});
}

void PointVectors::append_to(ByteWriter& out) const {
  out.u16(static_cast<std::uint16_t>(parts_.size()));
  for (const Part& part : parts_) out.raw(writer_.view().subspan(part.begin, part.end - part.begin));
}

void PointVectors::clear() {
  writer_.clear();
  parts_.clear();
}

PointWriter::PointWriter(OperationKind kind, const VectorCheck& check, std::size_t bytes_expected)
    : payloads_(kind == OperationKind::kUpsertPoints), writer_(bytes_expected) {
  write_operation_header(writer_, kind, {});
  writer_.name_table(check.names());
  count_offset_ = writer_.size();
  writer_.u32(0);
}

void PointWriter::point(const PointId& id, const PointVectors& vectors, std::string_view payload) {
  writer_.id(id);
  vectors.append_to(writer_);
  if (payloads_) writer_.blob(payload);
  check_point_count(++count_);
}

std::vector<std::uint8_t> PointWriter::take() {
  writer_.patch_u32(count_offset_, count_);
  return writer_.take();
}

}  // namespace vdb
