#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/point_writer.h"
#include "codec/vector_check.h"
#include "codec/vector_value.h"
#include "codec/wire_writer.h"
#include "io/point_id.h"

namespace vdb {

/** Reads `qdrant.PointId`. Throws BadRequest. */
PointId read_point_id(std::span<const std::uint8_t> message);
void append_point_id(WireWriter& writer, std::uint32_t field, const PointId& id);

/**
 * Reads `qdrant.Vectors`: the forms of qdrant.Vector with `dense`, `sparse` or `multi_dense`, and the
 * older one with `data`, `indices` and `vectors_count`. Throws BadRequest.
 */
class VectorsMessageReader {
 public:
  explicit VectorsMessageReader(const VectorCheck& check) : check_(check) {}

  void read(std::span<const std::uint8_t> message, PointVectors& vectors);

 private:
  void named(std::span<const std::uint8_t> message, PointVectors& vectors);
  void vector(std::string_view name, std::span<const std::uint8_t> message, PointVectors& vectors);
  void sparse(std::span<const std::uint8_t> message);
  void multi(std::uint16_t name, std::span<const std::uint8_t> message);

  const VectorCheck& check_;
  std::vector<float> values_;
  std::vector<std::uint32_t> indices_;
};

/**
 * Appends `qdrant.VectorsOutput` as field `field`. Both forms are filled, since older clients
 * read `data` only.
 */
void append_vectors_output(WireWriter& writer, std::uint32_t field, std::span<const VectorView> vectors,
                           std::span<const std::string> names);

}  // namespace vdb
