// The part of RowSpace that compares queries with rows.
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "rows/row_space.h"

namespace vdb {

namespace {

/** Rows whose codes are fetched ahead of one product call: about what the memory system keeps in flight. */
constexpr std::size_t kBatch = 32;
constexpr std::size_t kLine = 64;

void prefetch(const void* from, std::size_t bytes) {
  const char* line = static_cast<const char*>(from);
  for (std::size_t offset = 0; offset < bytes; offset += kLine) __builtin_prefetch(line + offset);
}

/** Rows hold what the disk held; a NaN would break the order that sorting relies on. */
float ordered(float distance) { return distance == distance ? distance : std::numeric_limits<float>::infinity(); }

}  // namespace

Query RowSpace::prepare(std::span<const float> vector) const {
  if (vector.size() != spec_.dimension) throw std::invalid_argument("a query of another dimension");
  Query query;
  query.form = natural_form();
  query.values.assign(vector.begin(), vector.end());
  if (spec_.distance == Distance::kCosine) normalise(vector.data(), query.values.data());
  query.exact = query.values.data();
  if (codes_) {
    query.code_values.assign(code_bytes_, 0);
    const float scale = kernels_.quantize(query.exact, spec_.dimension, query.code_values.data());
    query.code = query.code_values.data();
    set_factors(scale, kernels_.dot_f32(query.exact, query.exact, spec_.dimension), query);
  }
  return query;
}

void RowSpace::prepare_from_row(std::uint32_t row, bool codes, Query::Form form, Query& out) const {
  out.form = form;
  if (has_codes()) set_factors(factors(row).scale, factors(row).extra, out);
  if (codes) {
    out.code = code_at(row);
    return;
  }
  if (spec_.type == RowType::kFloat32) {
    out.exact = reinterpret_cast<const float*>(file_.row(row));
    return;
  }
  out.values.resize(spec_.dimension);
  widen(file_.row(row), out.values.data());
  if (normalises_when_scored()) kernels_.scale_f32(out.values.data(), spec_.dimension, factors(row).extra);
  out.exact = out.values.data();
}

void RowSpace::set_factors(float scale, float squared_norm, Query& query) const {
  const bool squared = query.form == Query::Form::kSquared;
  query.multiplier = squared ? -2 * scale : -scale;
  query.constant = squared ? squared_norm : 0;
}

float RowSpace::code_distance(const Query& query, const Factors& factors, std::int32_t product) const {
  const float scaled = query.multiplier * factors.scale * static_cast<float>(product);
  return ordered(query.form == Query::Form::kSquared ? query.constant + factors.extra + scaled : scaled);
}

float RowSpace::score_code(const Query& query, std::uint32_t row) const {
  return code_distance(query, factors(row), kernels_.dot_i8(query.code, code_at(row), code_bytes_));
}

void RowSpace::score_code_rows(const Query& query, std::span<const std::uint32_t> rows, float* out) const {
  const std::int8_t* codes[kBatch];
  std::int32_t products[kBatch];
  for (std::size_t first = 0; first < rows.size(); first += kBatch) {
    const std::size_t count = std::min(kBatch, rows.size() - first);
    for (std::size_t i = 0; i < count; i++) {
      codes[i] = code_at(rows[first + i]);
      prefetch(codes[i], code_bytes_);
      __builtin_prefetch(factors_->at(rows[first + i]));
    }
    kernels_.dot_i8_rows(query.code, codes, count, code_bytes_, products);
    for (std::size_t i = 0; i < count; i++)
      out[first + i] = code_distance(query, factors(rows[first + i]), products[i]);
  }
}

template <class Element>
float RowSpace::exact_of(const Query& query, const Element* row, std::uint32_t index,
                         float (*dot)(const float*, const Element*, std::size_t),
                         float (*l2)(const float*, const Element*, std::size_t),
                         float (*l1)(const float*, const Element*, std::size_t)) const {
  const std::size_t n = spec_.dimension;
  switch (spec_.distance) {
    case Distance::kCosine: {
      const float product = dot(query.exact, row, n);
      return ordered(normalises_when_scored() ? -product * factors(index).extra : -product);
    }
    case Distance::kDot:
      return ordered(query.form == Query::Form::kSquared ? l2(query.exact, row, n) : -dot(query.exact, row, n));
    case Distance::kEuclid: return ordered(l2(query.exact, row, n));
    case Distance::kManhattan: return ordered(l1(query.exact, row, n));
  }
  return std::numeric_limits<float>::infinity();
}

float RowSpace::score_exact(const Query& query, std::uint32_t row) const {
  const std::uint8_t* stored = file_.row(row);
  const Kernels& k = kernels_;
  switch (spec_.type) {
    case RowType::kFloat32:
      return exact_of(query, reinterpret_cast<const float*>(stored), row, k.dot_f32, k.l2_f32, k.l1_f32);
    case RowType::kFloat16:
      return exact_of(query, reinterpret_cast<const std::uint16_t*>(stored), row, k.dot_f16, k.l2_f16, k.l1_f16);
    case RowType::kUint8: return exact_of(query, stored, row, k.dot_u8, k.l2_u8, k.l1_u8);
  }
  return std::numeric_limits<float>::infinity();
}

void RowSpace::score_exact_rows(const Query& query, std::span<const std::uint32_t> rows, float* out) const {
  // Long rows stream well once they have begun; what is worth fetching ahead is their beginning.
  const std::size_t ahead = std::min<std::size_t>(spec_.row_bytes(), 512);
  constexpr std::size_t kAhead = 4;
  for (std::size_t i = 0; i < std::min(kAhead, rows.size()); i++) prefetch(file_.row(rows[i]), ahead);
  for (std::size_t i = 0; i < rows.size(); i++) {
    if (i + kAhead < rows.size()) prefetch(file_.row(rows[i + kAhead]), ahead);
    out[i] = score_exact(query, rows[i]);
  }
}

}  // namespace vdb
