#include "codec/split.h"

#include <algorithm>

#include "codec/operation.h"
#include "codec/vector_value.h"
#include "io/bytes.h"
#include "io/errors.h"

namespace vdb {
namespace {

constexpr std::size_t kIdBytesMin = 9;
constexpr std::size_t kPointBytesMin = kIdBytesMin + sizeof(std::uint16_t);

/** A list of items of which each belongs to one shard, and the bytes around it, which every shard gets. */
class Division {
 public:
  explicit Division(const HashRing& ring) : ring_(ring), counts_(ring.shards().size()), sizes_(ring.shards().size()) {}

  /** The item of `id` lies at [start, end). */
  void add(std::span<const std::uint8_t> id, std::size_t start, std::size_t end) {
    const std::uint32_t owner = ring_.owner(id);
    ++counts_[owner];
    sizes_[owner] += end - start;
    if (!pieces_.empty() && pieces_.back().owner == owner && pieces_.back().end == start) {
      pieces_.back().end = end;
    } else {
      pieces_.push_back({owner, start, end});
    }
  }

  /** `head` ends where the count of the items is, `tail` starts behind the items. */
  std::vector<ShardPart> parts(std::span<const std::uint8_t> bytes, std::size_t head, std::size_t tail) const {
    std::vector<ShardPart> result;
    // One piece is one run of items, which are all that there are.
    if (pieces_.size() == 1) return {{ring_.shards()[pieces_.front().owner], std::nullopt}};
    std::vector<ByteWriter> writers(counts_.size());
    for (std::size_t owner = 0; owner < counts_.size(); ++owner) {
      if (counts_[owner] == 0) continue;
      writers[owner].reserve(head + sizeof(std::uint32_t) + sizes_[owner] + (bytes.size() - tail));
      writers[owner].raw(bytes.first(head));
      writers[owner].u32(counts_[owner]);
    }
    for (const Piece& piece : pieces_) writers[piece.owner].raw(bytes.subspan(piece.start, piece.end - piece.start));
    for (std::size_t owner = 0; owner < counts_.size(); ++owner) {
      if (counts_[owner] == 0) continue;
      writers[owner].raw(bytes.subspan(tail));
      result.push_back({ring_.shards()[owner], writers[owner].take()});
    }
    return result;
  }

 private:
  struct Piece {
    std::uint32_t owner;
    std::size_t start;
    std::size_t end;
  };
  const HashRing& ring_;
  std::vector<Piece> pieces_;
  /** By owner: items and their bytes. */
  std::vector<std::uint32_t> counts_;
  std::vector<std::size_t> sizes_;
};

void read_ids(ByteReader& reader, Division& division) {
  const std::uint32_t count = reader.count(kIdBytesMin);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t start = reader.position();
    reader.id();
    division.add(reader.since(start), start, reader.position());
  }
}

std::size_t read_names(ByteReader& reader) {
  const std::uint16_t names = reader.u16();
  for (std::uint16_t i = 0; i < names; ++i) reader.string();
  return names;
}

void read_points(ByteReader& reader, std::size_t names, bool payloads, Division& division) {
  const std::uint32_t count = reader.count(kPointBytesMin);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t start = reader.position();
    reader.id();
    const std::span<const std::uint8_t> id = reader.since(start);
    const std::uint16_t vectors = reader.u16();
    for (std::uint16_t v = 0; v < vectors; ++v) read_vector_shape(reader, names);
    if (payloads) reader.text();
    division.add(id, start, reader.position());
  }
}

/** What stands behind the ids block in the operations that have one. */
void read_tail(ByteReader& reader, OperationKind kind) {
  switch (kind) {
    case OperationKind::kSetPayload:
      reader.string();
      reader.text();
      return;
    case OperationKind::kOverwritePayload:
      reader.text();
      return;
    case OperationKind::kDeletePayloadKeys: {
      const std::uint32_t count = reader.count(sizeof(std::uint16_t));
      for (std::uint32_t i = 0; i < count; ++i) reader.string();
      return;
    }
    case OperationKind::kDeleteVectors:
      read_names(reader);
      return;
    case OperationKind::kDeletePoints:
    case OperationKind::kClearPayload:
    case OperationKind::kUpsertPoints:
    case OperationKind::kUpdateVectors:
    case OperationKind::kCreateFieldIndex:
    case OperationKind::kDeleteFieldIndex:
    case OperationKind::kNothing:
      return;
  }
}

std::vector<ShardPart> for_every_shard(std::span<const std::uint8_t> operation, const HashRing& ring) {
  decode_operation(operation);
  std::vector<ShardPart> result;
  for (const std::uint32_t shard : ring.shards()) result.push_back({shard, std::nullopt});
  return result;
}

std::vector<ShardPart> split(std::span<const std::uint8_t> operation, const HashRing& ring) {
  const OperationKind kind = operation_kind(operation);
  ByteReader reader(operation);
  reader.skip(kOperationHeaderBytes);
  Division division(ring);
  std::size_t head = reader.position();
  switch (kind) {
    case OperationKind::kUpsertPoints:
    case OperationKind::kUpdateVectors: {
      const std::size_t names = read_names(reader);
      head = reader.position();
      read_points(reader, names, kind == OperationKind::kUpsertPoints, division);
      break;
    }
    case OperationKind::kDeletePoints:
    case OperationKind::kSetPayload:
    case OperationKind::kOverwritePayload:
    case OperationKind::kDeletePayloadKeys:
    case OperationKind::kClearPayload:
    case OperationKind::kDeleteVectors:
      read_ids(reader, division);
      break;
    case OperationKind::kCreateFieldIndex:
    case OperationKind::kDeleteFieldIndex:
    case OperationKind::kNothing:
      return for_every_shard(operation, ring);
  }
  const std::size_t tail = reader.position();
  read_tail(reader, kind);
  reader.expect_end();
  return division.parts(operation, head, tail);
}

/** The bytes are those of a request, also when they come from a peer, and not those of a file. */
template <class Work>
auto refusing(Work work) {
  try {
    return work();
  } catch (const FormatError& error) {
    throw BadRequest(error.what());
  }
}

}  // namespace

std::vector<ShardPart> split_operation(std::span<const std::uint8_t> operation, const HashRing& ring) {
  return refusing([&] { return split(operation, ring); });
}

std::vector<ShardPart> split_ids(std::span<const std::uint8_t> ids, const HashRing& ring) {
  return refusing([&] {
    ByteReader reader(ids);
    Division division(ring);
    read_ids(reader, division);
    reader.expect_end();
    return division.parts(ids, 0, ids.size());
  });
}

}  // namespace vdb
