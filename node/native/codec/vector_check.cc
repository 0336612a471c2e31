#include "codec/vector_check.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "codec/vector_value.h"
#include "io/errors.h"

namespace vdb {
namespace {

void check_dimension(std::size_t expected, std::size_t got) {
  if (expected == got) return;
  throw BadRequest("Vector dimension error: expected dim: " + std::to_string(expected) + ", got " + std::to_string(got));
}

void check_finite(std::span<const float> values) {
  // The exponent of an infinity or NaN is all ones. Without a branch, so that the loop is vectorised.
  constexpr std::uint32_t kExponent = 0x7f800000u;
  std::uint32_t bad = 0;
  for (const float value : values) bad |= (std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent ? 1u : 0u;
  if (bad != 0) throw BadRequest("Vector component is not a finite 32-bit float");
}

/** Puts both in ascending order of the indices. */
void sort_by_index(std::vector<std::uint32_t>& indices, std::vector<float>& values) {
  std::vector<std::size_t> order(indices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return indices[a] < indices[b]; });
  std::vector<std::uint32_t> sorted_indices;
  std::vector<float> sorted_values;
  sorted_indices.reserve(order.size());
  sorted_values.reserve(order.size());
  for (const std::size_t from : order) {
    sorted_indices.push_back(indices[from]);
    sorted_values.push_back(values[from]);
  }
  indices = std::move(sorted_indices);
  values = std::move(sorted_values);
}

[[noreturn]] void sparse_mismatch() { throw BadRequest("Conversion between sparse and regular vectors failed"); }
[[noreturn]] void multi_mismatch() { throw BadRequest("Conversion between multi and regular vectors failed"); }

}  // namespace

std::vector<std::string> VectorCheck::names() const {
  std::vector<std::string> names;
  names.reserve(shapes_.size());
  for (const VectorShape& shape : shapes_) names.push_back(shape.name);
  return names;
}

std::uint16_t VectorCheck::find(std::string_view name) const {
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    if (shapes_[i].name == name) return static_cast<std::uint16_t>(i);
  }
  constexpr std::size_t kQuotedMax = 256;
  throw BadRequest("Not existing vector name error: " + std::string(name.substr(0, kQuotedMax)));
}

void VectorCheck::dense(ByteWriter& writer, std::uint16_t name, std::span<const float> values) const {
  const VectorShape& shape = shapes_[name];
  if (shape.kind == VectorShape::Kind::kSparse) sparse_mismatch();
  check_dimension(shape.dimension, values.size());
  check_finite(values);
  if (shape.kind == VectorShape::Kind::kMulti) {
    write_multi(writer, name, shape.dimension, values);
  } else {
    write_dense(writer, name, values);
  }
}

void VectorCheck::sparse(ByteWriter& writer, std::uint16_t name, std::vector<std::uint32_t>& indices,
                         std::vector<float>& values) const {
  if (shapes_[name].kind != VectorShape::Kind::kSparse) sparse_mismatch();
  if (indices.size() != values.size()) throw BadRequest("Sparse vector must have as many values as indices");
  check_finite(values);
  if (!std::is_sorted(indices.begin(), indices.end())) sort_by_index(indices, values);
  if (std::adjacent_find(indices.begin(), indices.end()) != indices.end()) {
    throw BadRequest("Sparse vector indices must be unique");
  }
  write_sparse(writer, name, indices, values);
}

void VectorCheck::expect_multi(std::uint16_t name) const {
  if (shapes_[name].kind == VectorShape::Kind::kSparse) sparse_mismatch();
  if (shapes_[name].kind != VectorShape::Kind::kMulti) multi_mismatch();
}

void VectorCheck::row(std::uint16_t name, std::size_t dimension) const {
  check_dimension(shapes_[name].dimension, dimension);
}

void VectorCheck::multi(ByteWriter& writer, std::uint16_t name, std::span<const float> values) const {
  expect_multi(name);
  if (values.empty()) throw BadRequest("Multivector must not be empty");
  check_finite(values);
  write_multi(writer, name, shapes_[name].dimension, values);
}

}  // namespace vdb
