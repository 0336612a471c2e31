#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/bytes.h"

namespace vdb {

/** Form byte of an encoded vector (docs/internals/storage.md, "Primitive encodings"). */
enum class VectorForm : std::uint8_t { kDense = 0, kSparse = 1, kMulti = 2 };

/**
 * One vector as it stands in encoded bytes. The bytes are not aligned, so values are copied out.
 * Values are finite, indices of a sparse vector ascend without repeats.
 */
struct VectorView {
  /** Position in the name table at hand. */
  std::uint16_t name = 0;
  VectorForm form = VectorForm::kDense;
  /** 1 for dense and sparse vectors. */
  std::uint32_t rows = 1;
  /** Values of each row; for sparse vectors the number of values. */
  std::uint32_t dimension = 0;
  std::span<const std::uint8_t> value_bytes;
  /** Empty unless sparse. */
  std::span<const std::uint8_t> index_bytes;

  std::size_t value_count() const noexcept { return value_bytes.size() / sizeof(float); }
  /** All values, row after row; `out.size()` is value_count(). */
  void copy_values(std::span<float> out) const;
  /** `out.size()` is value_count(). */
  void copy_indices(std::span<std::uint32_t> out) const;
  std::vector<float> values() const;
  std::vector<std::uint32_t> indices() const;
};

void write_dense(ByteWriter& writer, std::uint16_t name, std::span<const float> values);
void write_sparse(ByteWriter& writer, std::uint16_t name, std::span<const std::uint32_t> indices,
                  std::span<const float> values);
/** `values.size()` is a multiple of `dimension`. */
void write_multi(ByteWriter& writer, std::uint16_t name, std::uint32_t dimension, std::span<const float> values);
void write_vector(ByteWriter& writer, const VectorView& vector);

/** As read_vector, without a look at the values and indices. */
VectorView read_vector_shape(ByteReader& reader, std::size_t names);

/** Reads a vector whose name is below `names`. Throws FormatError for anything that no writer writes. */
VectorView read_vector(ByteReader& reader, std::size_t names);

}  // namespace vdb
