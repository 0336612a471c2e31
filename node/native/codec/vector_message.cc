#include "codec/vector_message.h"

#include <bit>
#include <cstring>
#include <optional>
#include <string>

#include "codec/wire_reader.h"
#include "io/errors.h"

namespace vdb {
namespace {

/** Field numbers of qdrant.Vector and qdrant.VectorOutput. */
enum VectorField : std::uint32_t {
  kData = 1,
  kIndices = 2,
  kVectorsCount = 3,
  kDense = 101,
  kSparse = 102,
  kMultiDense = 103,
  kDocument = 104,
  kImage = 105,
  kObject = 106,
};
/** Of qdrant.Vectors and qdrant.VectorsOutput. */
constexpr std::uint32_t kUnnamed = 1;
constexpr std::uint32_t kNamed = 2;
/** Of qdrant.SparseVector. */
constexpr std::uint32_t kSparseValues = 1;
constexpr std::uint32_t kSparseIndices = 2;
/** The one field of qdrant.DenseVector, qdrant.SparseIndices, qdrant.MultiDenseVector and the maps of names. */
constexpr std::uint32_t kItems = 1;
/** Of map entries. */
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kValue = 2;
/** Of qdrant.PointId. */
constexpr std::uint32_t kNumber = 1;
constexpr std::uint32_t kUuid = 2;

/** A repeated float field: packed, or one at a time. */
void read_floats(WireReader& reader, std::vector<float>& values) {
  if (reader.type() != WireType::kBytes) {
    values.push_back(std::bit_cast<float>(reader.fixed32()));
    return;
  }
  const std::span<const std::uint8_t> packed = reader.bytes();
  if (packed.size() % sizeof(float) != 0) throw BadRequest("malformed message: a packed list of floats is cut short");
  if (packed.empty()) return;
  const std::size_t before = values.size();
  values.resize(before + packed.size() / sizeof(float));
  std::memcpy(values.data() + before, packed.data(), packed.size());
}

std::uint32_t narrow(std::uint64_t value) {
  // Decoders of protobuf keep the low half of a varint that is too long for its field.
  return static_cast<std::uint32_t>(value);
}

/** A repeated uint32 field: packed, or one at a time. */
void read_uint32s(WireReader& reader, std::vector<std::uint32_t>& values) {
  if (reader.type() != WireType::kBytes) {
    values.push_back(narrow(reader.varint()));
    return;
  }
  const std::span<const std::uint8_t> packed = reader.bytes();
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const std::uint8_t byte : packed) {
    if (shift > 63) throw BadRequest("malformed message: a number is too long");
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) {
      shift += 7;
      continue;
    }
    values.push_back(narrow(value));
    value = 0;
    shift = 0;
  }
  if (shift != 0) throw BadRequest("malformed message: a packed list of numbers is cut short");
}

void read_items(std::span<const std::uint8_t> message, std::vector<float>& values) {
  for (WireReader reader(message); reader.next();) {
    if (reader.field() == kItems) {
      read_floats(reader, values);
    } else {
      reader.skip();
    }
  }
}

void read_items(std::span<const std::uint8_t> message, std::vector<std::uint32_t>& values) {
  for (WireReader reader(message); reader.next();) {
    if (reader.field() == kItems) {
      read_uint32s(reader, values);
    } else {
      reader.skip();
    }
  }
}

void append_packed_indices(WireWriter& writer, std::uint32_t field, std::span<const std::uint32_t> indices) {
  const auto varint_size = [](std::uint32_t value) { return value == 0 ? 1u : (std::bit_width(value) + 6u) / 7u; };
  std::size_t size = 0;
  for (const std::uint32_t index : indices) size += varint_size(index);
  std::vector<std::uint8_t> packed;
  packed.reserve(size);
  for (std::uint32_t index : indices) {
    for (; index >= 0x80; index >>= 7) packed.push_back(static_cast<std::uint8_t>(index | 0x80));
    packed.push_back(static_cast<std::uint8_t>(index));
  }
  writer.bytes_field(field, packed);
}

/** qdrant.VectorOutput without its tag. The stored bytes of values are what a packed list holds. */
void append_vector_output(WireWriter& writer, const VectorView& vector) {
  writer.bytes_field(kData, vector.value_bytes);
  switch (vector.form) {
    case VectorForm::kDense: {
      const std::size_t dense = writer.begin(kDense);
      writer.bytes_field(kItems, vector.value_bytes);
      return writer.end(dense);
    }
    case VectorForm::kSparse: {
      const std::vector<std::uint32_t> indices = vector.indices();
      const std::size_t older = writer.begin(kIndices);
      append_packed_indices(writer, kItems, indices);
      writer.end(older);
      const std::size_t sparse = writer.begin(kSparse);
      writer.bytes_field(kSparseValues, vector.value_bytes);
      append_packed_indices(writer, kSparseIndices, indices);
      return writer.end(sparse);
    }
    case VectorForm::kMulti: {
      writer.varint_field(kVectorsCount, vector.rows);
      const std::size_t multi = writer.begin(kMultiDense);
      const std::size_t row_bytes = std::size_t{vector.dimension} * sizeof(float);
      for (std::size_t row = 0; row < vector.rows; ++row) {
        const std::size_t item = writer.begin(kItems);
        writer.bytes_field(kItems, vector.value_bytes.subspan(row * row_bytes, row_bytes));
        writer.end(item);
      }
      return writer.end(multi);
    }
  }
}

}  // namespace

PointId read_point_id(std::span<const std::uint8_t> message) {
  std::optional<PointId> id;
  for (WireReader reader(message); reader.next();) {
    if (reader.field() == kNumber) {
      id = PointId::of_number(reader.varint());
    } else if (reader.field() == kUuid) {
      const std::string_view text = reader.string();
      id = parse_uuid(text);
      constexpr std::size_t kQuotedMax = 64;
      if (!id) throw BadRequest("Unable to parse UUID: " + (text.size() > kQuotedMax ? "too long" : std::string(text)));
    } else {
      reader.skip();
    }
  }
  if (!id) throw BadRequest("Empty point id");
  return *id;
}

void append_point_id(WireWriter& writer, std::uint32_t field, const PointId& id) {
  const std::size_t message = writer.begin(field);
  if (id.uuid) {
    writer.string_field(kUuid, to_string(id));
  } else {
    writer.varint_field(kNumber, id.number);
  }
  writer.end(message);
}

void VectorsMessageReader::read(std::span<const std::uint8_t> message, PointVectors& vectors) {
  for (WireReader reader(message); reader.next();) {
    if (reader.field() == kUnnamed) {
      vectors.clear();
      vector("", reader.bytes(), vectors);
    } else if (reader.field() == kNamed) {
      vectors.clear();
      named(reader.bytes(), vectors);
    } else {
      reader.skip();
    }
  }
}

void VectorsMessageReader::named(std::span<const std::uint8_t> message, PointVectors& vectors) {
  for (WireReader reader(message); reader.next();) {
    if (reader.field() != kItems) {
      reader.skip();
      continue;
    }
    std::string_view name;
    std::span<const std::uint8_t> value;
    for (WireReader entry(reader.bytes()); entry.next();) {
      switch (entry.field()) {
        case kKey: name = entry.string(); break;
        case kValue: value = entry.bytes(); break;
        default: entry.skip();
      }
    }
    vector(name, value, vectors);
  }
}

void VectorsMessageReader::vector(std::string_view name_text, std::span<const std::uint8_t> message, PointVectors& vectors) {
  const std::uint16_t name = check_.find(name_text);
  std::optional<std::uint32_t> form;
  std::span<const std::uint8_t> content;
  std::optional<std::uint32_t> rows;
  bool has_indices = false;
  values_.clear();
  indices_.clear();
  for (WireReader reader(message); reader.next();) {
    switch (reader.field()) {
      case kData: read_floats(reader, values_); break;
      case kIndices:
        has_indices = true;
        read_items(reader.bytes(), indices_);
        break;
      case kVectorsCount: rows = narrow(reader.varint()); break;
      case kDense: case kSparse: case kMultiDense:
        form = reader.field();
        content = reader.bytes();
        break;
      case kDocument: case kImage: case kObject: throw BadRequest("inference is not supported, send vectors");
      default: reader.skip();
    }
  }
  // The newer form counts where both are given.
  if (form) {
    values_.clear();
    indices_.clear();
    has_indices = false;
  }
  if (form == kDense) read_items(content, values_);
  if (form == kSparse) sparse(content);
  if (form == kMultiDense) multi(name, content);
  if (!form && rows && !has_indices) {
    if (*rows == 0 || values_.size() % *rows != 0) {
      throw BadRequest("Data length is not divisible by vectors count. Data length: " + std::to_string(values_.size()) +
                       ", vectors count: " + std::to_string(*rows));
    }
    check_.expect_multi(name);
    check_.row(name, values_.size() / *rows);
    form = kMultiDense;
  }
  vectors.add(name, [&](ByteWriter& writer) {
    if (form == kMultiDense) {
      check_.multi(writer, name, values_);
    } else if (form == kSparse || has_indices) {
      check_.sparse(writer, name, indices_, values_);
    } else {
      check_.dense(writer, name, values_);
    }
  });
}

void VectorsMessageReader::sparse(std::span<const std::uint8_t> message) {
  for (WireReader reader(message); reader.next();) {
    switch (reader.field()) {
      case kSparseValues: read_floats(reader, values_); break;
      case kSparseIndices: read_uint32s(reader, indices_); break;
      default: reader.skip();
    }
  }
}

void VectorsMessageReader::multi(std::uint16_t name, std::span<const std::uint8_t> message) {
  check_.expect_multi(name);
  for (WireReader reader(message); reader.next();) {
    if (reader.field() != kItems) {
      reader.skip();
      continue;
    }
    const std::size_t before = values_.size();
    read_items(reader.bytes(), values_);
    check_.row(name, values_.size() - before);
  }
}

void append_vectors_output(WireWriter& writer, std::uint32_t field, std::span<const VectorView> vectors,
                           std::span<const std::string> names) {
  const std::size_t message = writer.begin(field);
  if (vectors.size() == 1 && names[vectors.front().name].empty()) {
    const std::size_t vector = writer.begin(kUnnamed);
    append_vector_output(writer, vectors.front());
    writer.end(vector);
  } else {
    const std::size_t named = writer.begin(kNamed);
    for (const VectorView& view : vectors) {
      const std::size_t entry = writer.begin(kItems);
      writer.string_field(kKey, names[view.name]);
      const std::size_t vector = writer.begin(kValue);
      append_vector_output(writer, view);
      writer.end(vector);
      writer.end(entry);
    }
    writer.end(named);
  }
  writer.end(message);
}

}  // namespace vdb
