#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "codec/value_message.h"
#include "codec/vector_message.h"
#include "codec/wire_writer.h"

namespace vdb {
namespace {

/** Field numbers of qdrant.ScoredPoint. */
constexpr std::uint32_t kId = 1;
constexpr std::uint32_t kPayload = 2;
constexpr std::uint32_t kScore = 3;
constexpr std::uint32_t kVersion = 5;
constexpr std::uint32_t kScoredVectors = 6;
/** Of qdrant.RetrievedPoint, where it differs. */
constexpr std::uint32_t kRetrievedVectors = 4;

}  // namespace

std::vector<std::uint8_t> points_to_message(std::span<const std::uint8_t> batch, PointShape shape, std::uint32_t field) {
  PointBatchReader reader(batch);
  WireWriter writer;
  writer.reserve(batch.size() * 2);
  const bool scored = shape == PointShape::kScored;
  BatchPoint point;
  while (reader.next(point)) {
    const std::size_t message = writer.begin(field);
    append_point_id(writer, kId, point.id);
    append_value_map(writer, kPayload, point.payload);
    if (scored) {
      writer.fixed32_field(kScore, point.score);
      writer.varint_field(kVersion, point.version);
    }
    if (reader.contents().vectors && !point.vectors.empty()) {
      append_vectors_output(writer, scored ? kScoredVectors : kRetrievedVectors, point.vectors, reader.names());
    }
    writer.end(message);
  }
  return writer.take();
}

}  // namespace vdb
