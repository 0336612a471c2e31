#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/operation.h"
#include "codec/vector_check.h"
#include "io/bytes.h"
#include "io/point_id.h"

namespace vdb {

/**
 * The vectors of one point while they are read. A name that comes twice keeps its last vector, as
 * with any other key.
 */
class PointVectors {
 public:
  /** Calls `write(writer)`, which must append exactly one vector of `name`. */
  template <class Write>
  void add(std::uint16_t name, Write&& write) {
    const std::size_t begin = writer_.size();
    write(writer_);
    note(name, begin);
  }
  void append_to(ByteWriter& out) const;
  void clear();

 private:
  struct Part {
    std::uint16_t name;
    std::size_t begin;
    std::size_t end;
  };
  void note(std::uint16_t name, std::size_t begin);

  ByteWriter writer_;
  std::vector<Part> parts_;
};

/** A point without a vector is a few bytes of a request and many in memory; this bounds the second. */
inline constexpr std::size_t kPointsPerRequestMax = 1'000'000;

/** Throws BadRequest when a request has more than kPointsPerRequestMax points. */
void check_point_count(std::size_t count);

/** Writes an operation of kind 1 or 7, point by point. */
class PointWriter {
 public:
  PointWriter(OperationKind kind, const VectorCheck& check, std::size_t bytes_expected);

  /** `payload` is minified, and is not written in a vector update. */
  void point(const PointId& id, const PointVectors& vectors, std::string_view payload);
  std::uint32_t count() const noexcept { return count_; }
  std::vector<std::uint8_t> take();

 private:
  bool payloads_;
  ByteWriter writer_;
  std::size_t count_offset_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace vdb
