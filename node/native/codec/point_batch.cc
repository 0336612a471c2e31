#include "codec/point_batch.h"

#include "io/errors.h"

namespace vdb {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kScores = 1;
constexpr std::uint8_t kPayloads = 2;
constexpr std::uint8_t kVectors = 4;
/** An id of a number and a version. */
constexpr std::size_t kPointBytesMin = 1 + 8 + 8;

std::uint8_t flags_of(const BatchContents& contents) {
  return static_cast<std::uint8_t>((contents.scores ? kScores : 0) | (contents.payloads ? kPayloads : 0) |
                                   (contents.vectors ? kVectors : 0));
}

}  // namespace

PointBatchWriter::PointBatchWriter(BatchContents contents, std::span<const std::string> names) : contents_(contents) {
  writer_.u8(kVersion);
  writer_.u8(flags_of(contents));
  writer_.name_table(names);
  count_offset_ = writer_.size();
  writer_.u32(0);
}

void PointBatchWriter::begin_point(const PointId& id, std::uint64_t version, float score) {
  end_point();
  writer_.id(id);
  writer_.u64(version);
  if (contents_.scores) writer_.f32(score);
  open_ = true;
  payload_written_ = false;
  ++count_;
}

void PointBatchWriter::payload(std::string_view json) {
  if (!contents_.payloads || payload_written_) return;
  writer_.blob(json);
  payload_written_ = true;
}

void PointBatchWriter::dense(std::uint16_t name, std::span<const float> values) {
  if (!contents_.vectors) return;
  write_dense(vectors_, name, values);
  ++vector_count_;
}

void PointBatchWriter::sparse(std::uint16_t name, std::span<const std::uint32_t> indices, std::span<const float> values) {
  if (!contents_.vectors) return;
  write_sparse(vectors_, name, indices, values);
  ++vector_count_;
}

void PointBatchWriter::multi(std::uint16_t name, std::uint32_t dimension, std::span<const float> values) {
  if (!contents_.vectors) return;
  write_multi(vectors_, name, dimension, values);
  ++vector_count_;
}

void PointBatchWriter::vector(const VectorView& vector) {
  if (!contents_.vectors) return;
  write_vector(vectors_, vector);
  ++vector_count_;
}

void PointBatchWriter::point(const BatchPoint& point) {
  begin_point(point.id, point.version, point.score);
  payload(point.payload);
  for (const VectorView& view : point.vectors) vector(view);
}

void PointBatchWriter::end_point() {
  if (!open_) return;
  payload({});
  if (contents_.vectors) {
    writer_.u16(vector_count_);
    writer_.raw(vectors_.view());
    vectors_.clear();
    vector_count_ = 0;
  }
  open_ = false;
}

std::vector<std::uint8_t> PointBatchWriter::take() {
  end_point();
  writer_.patch_u32(count_offset_, count_);
  return writer_.take();
}

PointBatchReader::PointBatchReader(std::span<const std::uint8_t> bytes) : reader_(bytes) {
  const std::uint8_t version = reader_.u8();
  if (version != kVersion) {
    throw FormatError("point batch has format version " + std::to_string(version) + ", this build reads version " +
                      std::to_string(kVersion));
  }
  const std::uint8_t flags = reader_.u8();
  if ((flags & ~(kScores | kPayloads | kVectors)) != 0) throw FormatError("point batch has unknown flags");
  contents_ = {(flags & kScores) != 0, (flags & kPayloads) != 0, (flags & kVectors) != 0};
  names_ = reader_.name_table();
  count_ = reader_.count(kPointBytesMin);
}

bool PointBatchReader::next(BatchPoint& point) {
  if (read_ == count_) {
    reader_.expect_end();
    return false;
  }
  ++read_;
  point.id = reader_.id();
  point.version = reader_.u64();
  point.score = contents_.scores ? reader_.f32() : 0;
  point.payload = contents_.payloads ? reader_.text() : std::string_view();
  point.vectors.clear();
  if (contents_.vectors) {
    const std::uint16_t vectors = reader_.u16();
    for (std::uint16_t i = 0; i < vectors; ++i) point.vectors.push_back(read_vector(reader_, names_.size()));
  }
  return true;
}

}  // namespace vdb
