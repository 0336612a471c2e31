#include <optional>

#include "codec/parsed_upsert.h"
#include "codec/point_writer.h"
#include "codec/value_message.h"
#include "codec/vector_message.h"
#include "codec/wire_reader.h"
#include "io/errors.h"

namespace vdb {
namespace {

/** The field `points` of qdrant.UpsertPoints and qdrant.UpdatePointVectors. */
constexpr std::uint32_t kPoints = 3;

/** Field numbers of what `points` holds. */
struct PointFields {
  std::uint32_t id;
  /** 0 where points have no payload. */
  std::uint32_t payload;
  std::uint32_t vectors;
};
constexpr PointFields kPointStruct{1, 3, 4};
constexpr PointFields kPointVectors{1, 0, 2};

class MessageReader {
 public:
  MessageReader(std::span<const VectorShape> shapes, OperationKind kind, const PointFields& fields, std::size_t bytes)
      : check_(shapes), vectors_reader_(check_), writer_(kind, check_, bytes + bytes / 8 + 64), fields_(fields) {}

  ParsedUpsert run(std::span<const std::uint8_t> message) {
    for (WireReader reader(message); reader.next();) {
      if (reader.field() == kPoints) {
        point(reader.bytes());
      } else {
        reader.skip();
      }
    }
    ParsedUpsert parsed;
    parsed.points = writer_.count();
    parsed.operation = writer_.take();
    return parsed;
  }

 private:
  void point(std::span<const std::uint8_t> message) {
    std::optional<PointId> id;
    vectors_.clear();
    payload_.clear();
    for (WireReader reader(message); reader.next();) {
      if (reader.field() == fields_.id) {
        id = read_point_id(reader.bytes());
      } else if (reader.field() == fields_.vectors) {
        vectors_reader_.read(reader.bytes(), vectors_);
      } else if (reader.field() == fields_.payload) {
        payload_.entry(reader.bytes());
      } else {
        reader.skip();
      }
    }
    if (!id) throw BadRequest("Empty point id");
    writer_.point(*id, vectors_, payload_.finish());
  }

  VectorCheck check_;
  VectorsMessageReader vectors_reader_;
  PointWriter writer_;
  PointFields fields_;
  PointVectors vectors_;
  ValueMapReader payload_;
};

}  // namespace

ParsedUpsert parse_upsert_message(std::span<const std::uint8_t> message, std::span<const VectorShape> shapes) {
  return MessageReader(shapes, OperationKind::kUpsertPoints, kPointStruct, message.size()).run(message);
}

ParsedUpsert parse_update_vectors_message(std::span<const std::uint8_t> message, std::span<const VectorShape> shapes) {
  return MessageReader(shapes, OperationKind::kUpdateVectors, kPointVectors, message.size()).run(message);
}

}  // namespace vdb
