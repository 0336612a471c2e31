#include "codec/operation.h"

#include <type_traits>

#include "io/errors.h"
#include "json/limits.h"
#include "json/scanner.h"
#include "json/string.h"

namespace vdb {
namespace {

constexpr std::uint8_t kVersion = 1;
/** An id of a number, a vector count and, in upserts, a payload length: the smallest point. */
constexpr std::size_t kPointBytesMin = 1 + 8 + 2;

std::string_view read_payload(ByteReader& reader) {
  const std::string_view payload = reader.text();
  if (!is_stored_payload(payload)) throw FormatError("a payload of an operation is not a minified JSON object");
  return payload;
}

JsonPath read_path(ByteReader& reader) {
  const std::string_view text = reader.string();
  std::optional<JsonPath> path = JsonPath::parse(text);
  if (!path || !is_utf8(text)) throw FormatError("a payload path of an operation is not valid");
  return std::move(*path);
}

std::vector<std::string> read_names(ByteReader& reader) {
  std::vector<std::string> names = reader.name_table();
  for (const std::string& name : names) {
    if (!is_utf8(name)) throw FormatError("a vector name of an operation is not UTF-8");
  }
  return names;
}

template <class Points>
Points read_points(ByteReader& reader, bool payloads) {
  Points list;
  list.names = read_names(reader);
  const std::uint32_t count = reader.count(kPointBytesMin);
  list.points.reserve(count);
  list.vectors.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    PointView point;
    point.id = reader.id();
    point.first_vector = static_cast<std::uint32_t>(list.vectors.size());
    point.vector_count = reader.u16();
    for (std::uint16_t v = 0; v < point.vector_count; ++v) list.vectors.push_back(read_vector(reader, list.names.size()));
    if (payloads) point.payload = read_payload(reader);
    list.points.push_back(point);
  }
  return list;
}

SetPayload read_set_payload(ByteReader& reader) {
  SetPayload operation;
  operation.ids = reader.ids();
  const std::string_view path = reader.string();
  if (!path.empty()) {
    operation.path = JsonPath::parse(path);
    if (!operation.path || !is_utf8(path)) throw FormatError("a payload path of an operation is not valid");
  }
  operation.payload = read_payload(reader);
  return operation;
}

DeletePayloadKeys read_delete_payload_keys(ByteReader& reader) {
  DeletePayloadKeys operation;
  operation.ids = reader.ids();
  const std::uint32_t count = reader.count(sizeof(std::uint16_t) + 1);
  operation.paths.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) operation.paths.push_back(read_path(reader));
  return operation;
}

Operation read_fields(ByteReader& reader, OperationKind kind) {
  switch (kind) {
    case OperationKind::kUpsertPoints: return read_points<UpsertPoints>(reader, true);
    case OperationKind::kDeletePoints: return DeletePoints{reader.ids()};
    case OperationKind::kSetPayload: return read_set_payload(reader);
    case OperationKind::kOverwritePayload: {
      std::vector<PointId> ids = reader.ids();
      return OverwritePayload{std::move(ids), read_payload(reader)};
    }
    case OperationKind::kDeletePayloadKeys: return read_delete_payload_keys(reader);
    case OperationKind::kClearPayload: return ClearPayload{reader.ids()};
    case OperationKind::kUpdateVectors: return read_points<UpdateVectors>(reader, false);
    case OperationKind::kDeleteVectors: {
      std::vector<PointId> ids = reader.ids();
      return DeleteVectors{std::move(ids), read_names(reader)};
    }
    case OperationKind::kCreateFieldIndex: {
      JsonPath path = read_path(reader);
      const std::uint8_t type = reader.u8();
      return CreateFieldIndex{std::move(path), type, read_payload(reader)};
    }
    case OperationKind::kDeleteFieldIndex: return DeleteFieldIndex{read_path(reader)};
    case OperationKind::kNothing: return Nothing{};
  }
  throw FormatError("unknown kind of operation");
}

OperationKind read_kind(ByteReader& reader) {
  const std::uint8_t version = reader.u8();
  if (version != kVersion) {
    throw FormatError("operation has format version " + std::to_string(version) + ", this build reads version " +
                      std::to_string(kVersion));
  }
  const std::uint8_t kind = reader.u8();
  if (kind < static_cast<std::uint8_t>(OperationKind::kUpsertPoints) ||
      kind > static_cast<std::uint8_t>(OperationKind::kNothing)) {
    throw FormatError("unknown kind of operation: " + std::to_string(kind));
  }
  return static_cast<OperationKind>(kind);
}

/** Writes the fields of each kind; the header is written before. */
struct FieldWriter {
  ByteWriter& writer;

  void points(const PointList& list, bool payloads) {
    writer.name_table(list.names);
    writer.count(list.points.size());
    for (const PointView& point : list.points) {
      writer.id(point.id);
      writer.u16(point.vector_count);
      for (const VectorView& vector : list.vectors_of(point)) write_vector(writer, vector);
      if (payloads) writer.blob(point.payload);
    }
  }
  void operator()(const UpsertPoints& operation) { points(operation, true); }
  void operator()(const DeletePoints& operation) { writer.ids(operation.ids); }
  void operator()(const SetPayload& operation) {
    writer.ids(operation.ids);
    writer.string(operation.path ? operation.path->to_string() : std::string());
    writer.blob(operation.payload);
  }
  void operator()(const OverwritePayload& operation) {
    writer.ids(operation.ids);
    writer.blob(operation.payload);
  }
  void operator()(const DeletePayloadKeys& operation) {
    writer.ids(operation.ids);
    writer.count(operation.paths.size());
    for (const JsonPath& path : operation.paths) writer.string(path.to_string());
  }
  void operator()(const ClearPayload& operation) { writer.ids(operation.ids); }
  void operator()(const UpdateVectors& operation) { points(operation, false); }
  void operator()(const DeleteVectors& operation) {
    writer.ids(operation.ids);
    writer.name_table(operation.names);
  }
  void operator()(const CreateFieldIndex& operation) {
    writer.string(operation.path.to_string());
    writer.u8(operation.type);
    writer.blob(operation.parameters);
  }
  void operator()(const DeleteFieldIndex& operation) { writer.string(operation.path.to_string()); }
  void operator()(const Nothing&) {}
};

}  // namespace

LoggedOperation decode_operation(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  const OperationKind kind = read_kind(reader);
  ClockTag clock;
  clock.peer = reader.u64();
  clock.clock = reader.u32();
  clock.tick = reader.u64();
  LoggedOperation logged{clock, read_fields(reader, kind)};
  reader.expect_end();
  return logged;
}

OperationKind operation_kind(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  return read_kind(reader);
}

void write_operation_header(ByteWriter& writer, OperationKind kind, const ClockTag& clock) {
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u64(clock.peer);
  writer.u32(clock.clock);
  writer.u64(clock.tick);
}

std::vector<std::uint8_t> encode_operation(const ClockTag& clock, const Operation& operation) {
  ByteWriter writer;
  // The alternatives of the variant stand in the order of their kinds, which start at 1.
  write_operation_header(writer, static_cast<OperationKind>(operation.index() + 1), clock);
  std::visit(FieldWriter{writer}, operation);
  return writer.take();
}

static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(OperationKind::kNothing) - 1, Operation>, Nothing>);

}  // namespace vdb
