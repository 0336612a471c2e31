#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/vector_value.h"
#include "io/bytes.h"
#include "io/point_id.h"

namespace vdb {

/** What a point batch holds of each point besides id and version. */
struct BatchContents {
  bool scores = false;
  bool payloads = false;
  bool vectors = false;
};

struct BatchPoint {
  PointId id;
  std::uint64_t version = 0;
  float score = 0;
  std::string_view payload;
  std::vector<VectorView> vectors;
};

/**
 * Writes a point batch (docs/internals/engine.md, "Point batches"). For each point: begin_point, then
 * payload and the vectors in any order; what is not given is written as empty.
 */
class PointBatchWriter {
 public:
  /** `names` are the vector names that dense(), sparse() and multi() count in. */
  PointBatchWriter(BatchContents contents, std::span<const std::string> names);

  void begin_point(const PointId& id, std::uint64_t version, float score = 0);
  /** A minified JSON object, or empty for an empty payload. Ignored unless the batch has payloads. */
  void payload(std::string_view json);
  /** Ignored, as the next two, unless the batch has vectors. */
  void dense(std::uint16_t name, std::span<const float> values);
  void sparse(std::uint16_t name, std::span<const std::uint32_t> indices, std::span<const float> values);
  void multi(std::uint16_t name, std::uint32_t dimension, std::span<const float> values);
  void vector(const VectorView& vector);
  /** A whole point of another batch, whose vectors count in the names of this one. */
  void point(const BatchPoint& point);

  std::uint32_t count() const noexcept { return count_; }
  /** The finished batch; the writer is of no use afterwards. */
  std::vector<std::uint8_t> take();

 private:
  void end_point();

  BatchContents contents_;
  ByteWriter writer_;
  std::size_t count_offset_ = 0;
  std::uint32_t count_ = 0;
  bool open_ = false;
  bool payload_written_ = false;
  ByteWriter vectors_;
  std::uint16_t vector_count_ = 0;
};

/** Reads a point batch from bytes that may be anything; throws FormatError. */
class PointBatchReader {
 public:
  explicit PointBatchReader(std::span<const std::uint8_t> bytes);

  const BatchContents& contents() const noexcept { return contents_; }
  const std::vector<std::string>& names() const noexcept { return names_; }
  /** Points in the whole batch. */
  std::uint32_t count() const noexcept { return count_; }
  /** Reads the next point, reusing `point`; false, after a check that no bytes are left, when there is none. */
  bool next(BatchPoint& point);

 private:
  ByteReader reader_;
  BatchContents contents_;
  std::vector<std::string> names_;
  std::uint32_t count_ = 0;
  std::uint32_t read_ = 0;
};

}  // namespace vdb
