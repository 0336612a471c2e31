#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codec/vector_value.h"
#include "io/bytes.h"
#include "io/point_id.h"
#include "json/path.h"

namespace vdb {

/** Which coordinator's clock an operation was stamped by; all zero: none. */
struct ClockTag {
  std::uint64_t peer = 0;
  std::uint32_t clock = 0;
  std::uint64_t tick = 0;

  friend bool operator==(const ClockTag&, const ClockTag&) = default;
};

/** Kind byte of an encoded operation (docs/internals/storage.md, "Operations"). */
enum class OperationKind : std::uint8_t {
  kUpsertPoints = 1,
  kDeletePoints = 2,
  kSetPayload = 3,
  kOverwritePayload = 4,
  kDeletePayloadKeys = 5,
  kClearPayload = 6,
  kUpdateVectors = 7,
  kDeleteVectors = 8,
  kCreateFieldIndex = 9,
  kDeleteFieldIndex = 10,
  kNothing = 11,
};

/** One point of an upsert or of a vector update. */
struct PointView {
  PointId id;
  /** Its vectors are `vectors[first_vector, first_vector + vector_count)` of the operation. */
  std::uint32_t first_vector = 0;
  std::uint16_t vector_count = 0;
  /** A minified JSON object, or empty. Always empty in a vector update. */
  std::string_view payload;
};

/** What upserts and vector updates share. Views point into the bytes that were decoded. */
struct PointList {
  /** Names that VectorView::name counts in. */
  std::vector<std::string> names;
  std::vector<PointView> points;
  std::vector<VectorView> vectors;

  std::span<const VectorView> vectors_of(const PointView& point) const {
    return std::span(vectors).subspan(point.first_vector, point.vector_count);
  }
};

struct UpsertPoints : PointList {};
struct DeletePoints {
  std::vector<PointId> ids;
};
struct SetPayload {
  std::vector<PointId> ids;
  /** Where the object is merged; none: the root. */
  std::optional<JsonPath> path;
  std::string_view payload;
};
struct OverwritePayload {
  std::vector<PointId> ids;
  std::string_view payload;
};
struct DeletePayloadKeys {
  std::vector<PointId> ids;
  std::vector<JsonPath> paths;
};
struct ClearPayload {
  std::vector<PointId> ids;
};
struct UpdateVectors : PointList {};
struct DeleteVectors {
  std::vector<PointId> ids;
  std::vector<std::string> names;
};
struct CreateFieldIndex {
  JsonPath path;
  /** 1 keyword, 2 integer, 3 float, 4 bool, 5 uuid; not checked here. */
  std::uint8_t type = 0;
  /** A minified JSON object, or empty. */
  std::string_view parameters;
};
struct DeleteFieldIndex {
  JsonPath path;
};
struct Nothing {};

using Operation = std::variant<UpsertPoints, DeletePoints, SetPayload, OverwritePayload, DeletePayloadKeys, ClearPayload,
                               UpdateVectors, DeleteVectors, CreateFieldIndex, DeleteFieldIndex, Nothing>;

struct LoggedOperation {
  ClockTag clock;
  Operation operation;
};

/**
 * Decodes the body of a WAL record. Everything is checked, payloads too (kStoredJsonDepthMax), since
 * bytes may come from a peer: FormatError for anything malformed or of another version. The result
 * has views into `bytes`.
 */
LoggedOperation decode_operation(std::span<const std::uint8_t> bytes);

/** The kind alone, without a look at the rest. Throws FormatError for an unknown version or kind. */
OperationKind operation_kind(std::span<const std::uint8_t> bytes);

std::vector<std::uint8_t> encode_operation(const ClockTag& clock, const Operation& operation);

/** What write_operation_header writes. */
inline constexpr std::size_t kOperationHeaderBytes = 1 + 1 + 8 + 4 + 8;

/** Version, kind and clock tag: how every operation starts. */
void write_operation_header(ByteWriter& writer, OperationKind kind, const ClockTag& clock);

}  // namespace vdb
