#include "codec/vector_value.h"

#include <cmath>
#include <cstring>

#include "io/errors.h"

namespace vdb {
namespace {

void write_head(ByteWriter& writer, std::uint16_t name, VectorForm form) {
  writer.u16(name);
  writer.u8(static_cast<std::uint8_t>(form));
}

void check_finite(std::span<const std::uint8_t> bytes) {
  // The exponent of an infinity or NaN is all ones.
  constexpr std::uint32_t kExponent = 0x7f800000u;
  bool finite = true;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
    std::uint32_t bits;
    std::memcpy(&bits, bytes.data() + at, sizeof(bits));
    finite &= (bits & kExponent) != kExponent;
  }
  if (!finite) throw FormatError("a vector component is not finite");
}

void check_ascending(std::span<const std::uint8_t> bytes) {
  std::uint64_t last = 0;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint32_t)) {
    std::uint32_t index;
    std::memcpy(&index, bytes.data() + at, sizeof(index));
    if (at != 0 && index <= last) throw FormatError("indices of a sparse vector do not ascend");
    last = index;
  }
}

template <class T>
void copy_out(std::span<const std::uint8_t> bytes, std::span<T> out) {
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size_bytes());
}

}  // namespace

void VectorView::copy_values(std::span<float> out) const { copy_out(value_bytes, out); }
void VectorView::copy_indices(std::span<std::uint32_t> out) const { copy_out(index_bytes, out); }

std::vector<float> VectorView::values() const {
  std::vector<float> copy(value_count());
  copy_values(copy);
  return copy;
}

std::vector<std::uint32_t> VectorView::indices() const {
  std::vector<std::uint32_t> copy(index_bytes.size() / sizeof(std::uint32_t));
  copy_indices(copy);
  return copy;
}

void write_dense(ByteWriter& writer, std::uint16_t name, std::span<const float> values) {
  write_head(writer, name, VectorForm::kDense);
  writer.count(values.size());
  writer.f32s(values);
}

void write_sparse(ByteWriter& writer, std::uint16_t name, std::span<const std::uint32_t> indices,
                  std::span<const float> values) {
  write_head(writer, name, VectorForm::kSparse);
  writer.count(values.size());
  writer.u32s(indices);
  writer.f32s(values);
}

void write_multi(ByteWriter& writer, std::uint16_t name, std::uint32_t dimension, std::span<const float> values) {
  write_head(writer, name, VectorForm::kMulti);
  writer.count(values.size() / dimension);
  writer.u32(dimension);
  writer.f32s(values);
}

void write_vector(ByteWriter& writer, const VectorView& vector) {
  write_head(writer, vector.name, vector.form);
  switch (vector.form) {
    case VectorForm::kDense:
      writer.u32(vector.dimension);
      break;
    case VectorForm::kSparse:
      writer.u32(vector.dimension);
      writer.raw(vector.index_bytes);
      break;
    case VectorForm::kMulti:
      writer.u32(vector.rows);
      writer.u32(vector.dimension);
      break;
  }
  writer.raw(vector.value_bytes);
}

VectorView read_vector_shape(ByteReader& reader, std::size_t names) {
  VectorView vector;
  vector.name = reader.u16();
  if (vector.name >= names) throw FormatError("a vector name is not in the name table");
  const std::uint8_t form = reader.u8();
  if (form > static_cast<std::uint8_t>(VectorForm::kMulti)) throw FormatError("unknown form of a vector");
  vector.form = static_cast<VectorForm>(form);
  switch (vector.form) {
    case VectorForm::kDense:
      vector.dimension = reader.count(sizeof(float));
      break;
    case VectorForm::kSparse:
      vector.dimension = reader.count(2 * sizeof(float));
      vector.index_bytes = reader.raw(std::size_t{vector.dimension} * sizeof(std::uint32_t));
      break;
    case VectorForm::kMulti:
      vector.rows = reader.u32();
      vector.dimension = reader.u32();
      if (vector.rows == 0 || vector.dimension == 0) throw FormatError("a multivector is empty");
      break;
  }
  // rows and dimension are below 2^32, so only the factor of four can leave 64 bits.
  const std::uint64_t values = std::uint64_t{vector.rows} * vector.dimension;
  if (values > reader.remaining() / sizeof(float)) throw FormatError("a vector ends too early");
  vector.value_bytes = reader.raw(static_cast<std::size_t>(values) * sizeof(float));
  return vector;
}

VectorView read_vector(ByteReader& reader, std::size_t names) {
  const VectorView vector = read_vector_shape(reader, names);
  check_ascending(vector.index_bytes);
  check_finite(vector.value_bytes);
  return vector;
}

}  // namespace vdb
