#include <algorithm>
#include <cmath>
#include <limits>

#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "json/number.h"
#include "json/string.h"

namespace vdb {
namespace {

void append_numbers(std::string& out, std::span<const float> values) {
  out.push_back('[');
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_float32(out, values[i]);
  }
  out.push_back(']');
}

void append_vector(std::string& out, const VectorView& vector) {
  const std::vector<float> values = vector.values();
  switch (vector.form) {
    case VectorForm::kDense: return append_numbers(out, values);
    case VectorForm::kSparse: {
      out.append("{\"indices\":[");
      bool first = true;
      for (const std::uint32_t index : vector.indices()) {
        if (!first) out.push_back(',');
        first = false;
        append_integer(out, std::uint64_t{index});
      }
      out.append("],\"values\":");
      append_numbers(out, values);
      out.push_back('}');
      return;
    }
    case VectorForm::kMulti: {
      out.push_back('[');
      for (std::size_t row = 0; row < vector.rows; ++row) {
        if (row != 0) out.push_back(',');
        append_numbers(out, std::span(values).subspan(row * vector.dimension, vector.dimension));
      }
      out.push_back(']');
      return;
    }
  }
}

void append_vectors(std::string& out, const BatchPoint& point, const std::vector<std::string>& names) {
  if (point.vectors.size() == 1 && names[point.vectors.front().name].empty()) {
    return append_vector(out, point.vectors.front());
  }
  out.push_back('{');
  bool first = true;
  for (const VectorView& vector : point.vectors) {
    if (!first) out.push_back(',');
    first = false;
    append_quoted(out, names[vector.name]);
    out.push_back(':');
    append_vector(out, vector);
  }
  out.push_back('}');
}

/** Products of huge components overflow, and JSON has no infinity: the largest number stands for it, null for NaN. */
void append_score(std::string& out, float score) {
  if (std::isnan(score)) {
    out.append("null");
  } else {
    constexpr float kMax = std::numeric_limits<float>::max();
    append_float32(out, std::clamp(score, -kMax, kMax));
  }
}

void append_point(std::string& out, const BatchPoint& point, const PointBatchReader& batch, PointShape shape) {
  out.append("{\"id\":");
  if (point.id.uuid) {
    append_quoted(out, to_string(point.id));
  } else {
    append_integer(out, point.id.number);
  }
  if (shape == PointShape::kScored) {
    out.append(",\"version\":");
    append_integer(out, point.version);
    out.append(",\"score\":");
    append_score(out, point.score);
  }
  if (batch.contents().payloads) out.append(",\"payload\":").append(point.payload.empty() ? "{}" : point.payload);
  if (batch.contents().vectors) {
    out.append(",\"vector\":");
    append_vectors(out, point, batch.names());
  }
  out.push_back('}');
}

}  // namespace

std::vector<std::uint8_t> points_to_json(std::span<const std::uint8_t> batch, PointShape shape) {
  PointBatchReader reader(batch);
  std::string out = "[";
  out.reserve(batch.size() * 2 + 64);
  BatchPoint point;
  while (reader.next(point)) {
    if (out.size() > 1) out.push_back(',');
    append_point(out, point, reader, shape);
  }
  out.push_back(']');
  return {out.begin(), out.end()};
}

}  // namespace vdb
