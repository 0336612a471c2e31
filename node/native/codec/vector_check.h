#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/bytes.h"

namespace vdb {

/** What a collection says of one vector name (addon.ts, VectorShape). */
struct VectorShape {
  enum class Kind : std::uint8_t { kDense, kMulti, kSparse };
  std::string name;
  Kind kind = Kind::kDense;
  /** 0 for sparse vectors. */
  std::uint32_t dimension = 0;
};

/**
 * Encodes the vectors of a request that fit the collection's shapes; the name table of the operation
 * is that of the shapes. What does not fit throws BadRequest in the words of the original.
 */
class VectorCheck {
 public:
  explicit VectorCheck(std::span<const VectorShape> shapes) : shapes_(shapes) {}

  std::vector<std::string> names() const;
  std::size_t size() const noexcept { return shapes_.size(); }
  /** Position of a name in the table. */
  std::uint16_t find(std::string_view name) const;

  /** Where a multivector is expected, a dense vector is one of a single row. */
  void dense(ByteWriter& writer, std::uint16_t name, std::span<const float> values) const;
  /** Sorts by index. */
  void sparse(ByteWriter& writer, std::uint16_t name, std::vector<std::uint32_t>& indices, std::vector<float>& values) const;
  /** Throws unless multivectors are stored under the name. */
  void expect_multi(std::uint16_t name) const;
  /** Throws unless one row of a multivector has the dimension. */
  void row(std::uint16_t name, std::size_t dimension) const;
  /** All rows, each checked by row(). */
  void multi(ByteWriter& writer, std::uint16_t name, std::span<const float> values) const;

 private:
  std::span<const VectorShape> shapes_;
};

}  // namespace vdb
