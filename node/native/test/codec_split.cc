// Operations and ids divided among shards.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <stdexcept>

#include "codec/operation.h"
#include "codec/split.h"
#include "io/errors.h"
#include "io/file.h"
#include "io/xxh64.h"
#include "json/path.h"
#include "json/scanner.h"

using namespace vdb;

namespace {

using Bytes = std::vector<std::uint8_t>;

/** As node/src/placement/hash-ring.ts makes it. */
HashRing ring_of(std::uint32_t shards) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> nodes;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    for (std::uint32_t index = 0; index < 100; ++index) {
      ByteWriter key;
      key.u8(2);
      key.u32(shard);
      key.u32(index);
      nodes.emplace_back(xxh64(key.view()), shard);
    }
  }
  std::sort(nodes.begin(), nodes.end());
  std::vector<std::uint64_t> positions;
  std::vector<std::uint32_t> owners;
  for (const auto& [position, shard] : nodes) {
    positions.push_back(position);
    owners.push_back(shard);
  }
  return HashRing(std::move(positions), owners);
}

std::uint32_t shard_of(const HashRing& ring, const PointId& id) {
  ByteWriter bytes;
  bytes.id(id);
  return ring.shards()[ring.owner(bytes.view())];
}

Bytes bytes_of(const ShardPart& part, const Bytes& whole) { return part.bytes.value_or(whole); }

std::vector<PointId> some_ids(std::size_t count) {
  std::mt19937_64 random(count);
  std::vector<PointId> ids;
  for (std::size_t i = 0; i < count; ++i) {
    if (random() % 3 == 0) {
      std::array<std::uint8_t, 16> uuid;
      for (auto& byte : uuid) byte = static_cast<std::uint8_t>(random());
      ids.push_back(PointId::of_uuid(uuid));
    } else {
      ids.push_back(PointId::of_number(random() % 2 == 0 ? random() % 100 : random()));
    }
  }
  return ids;
}

/** Which ids each shard gets, in order. */
std::map<std::uint32_t, std::vector<PointId>> expected_ids(const HashRing& ring, const std::vector<PointId>& ids) {
  std::map<std::uint32_t, std::vector<PointId>> expected;
  for (const PointId& id : ids) expected[shard_of(ring, id)].push_back(id);
  return expected;
}

/** Vectors and payloads that tell whose they are, so that a mixed-up part shows. */
struct SomePoints {
  ByteWriter vectors;
  std::vector<std::string> payloads;
  UpsertPoints operation;

  explicit SomePoints(const std::vector<PointId>& ids) {
    operation.names = {"", "sparse", "multi"};
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const float value = static_cast<float>(i);
      write_dense(vectors, 0, std::vector<float>{value, 1, 2});
      if (i % 2 == 0) write_sparse(vectors, 1, std::vector<std::uint32_t>{3, 9}, std::vector<float>{value, 5});
      if (i % 3 == 0) write_multi(vectors, 2, 2, std::vector<float>{value, 1, 2, 3});
      payloads.push_back(i % 4 == 0 ? "" : "{\"at\":" + std::to_string(i) + "}");
    }
    ByteReader reader(vectors.view());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      PointView point{ids[i], static_cast<std::uint32_t>(operation.vectors.size()), 1, payloads[i]};
      point.vector_count = static_cast<std::uint16_t>(1 + (i % 2 == 0) + (i % 3 == 0));
      for (int v = 0; v < point.vector_count; ++v) operation.vectors.push_back(read_vector(reader, 3));
      operation.points.push_back(point);
    }
  }

  /** The operation that holds only the points of one shard. */
  UpsertPoints only(const HashRing& ring, std::uint32_t shard) const {
    UpsertPoints part = operation;
    std::erase_if(part.points, [&](const PointView& point) { return shard_of(ring, point.id) != shard; });
    return part;
  }
};

const ClockTag kClock{7, 3, 99};

template <class Named>
void check_named(const HashRing& ring, const std::vector<PointId>& ids, Named operation) {
  operation.ids = ids;
  const Bytes whole = encode_operation(kClock, operation);
  const auto parts = split_operation(whole, ring);
  const auto expected = expected_ids(ring, ids);
  REQUIRE(parts.size() == expected.size());
  std::size_t i = 0;
  for (const auto& [shard, own] : expected) {
    CHECK(parts[i].shard == shard);
    operation.ids = own;
    CHECK(bytes_of(parts[i++], whole) == encode_operation(kClock, operation));
  }
}

}  // namespace

TEST_CASE("points are where the golden table has them") {
  const Bytes bytes = read_file("../test/placement/hash-ring.golden.json");
  const std::string text = minify_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::size_t checked = 0;
  JsonValue(text).each_element([&](const JsonValue& table) {
    JsonValue shards = table;
    JsonValue points = table;
    REQUIRE(find_member(table, "shards", shards));
    REQUIRE(find_member(table, "points", points));
    const HashRing ring = ring_of(static_cast<std::uint32_t>(std::get<std::int64_t>(shards.number())));
    points.each_element([&](const JsonValue& point) {
      JsonValue id = point;
      JsonValue shard = point;
      REQUIRE(find_member(point, "id", id));
      REQUIRE(find_member(point, "shard", shard));
      const std::string name = id.string();
      const PointId parsed = parse_uuid(name).value_or(PointId::of_number(std::strtoull(name.c_str(), nullptr, 10)));
      CHECK(shard_of(ring, parsed) == std::get<std::int64_t>(shard.number()));
      ++checked;
      return true;
    });
    return true;
  });
  CHECK(checked > 40);
}

TEST_CASE("a ring wants ascending positions and a shard for each") {
  const std::vector<std::uint32_t> two{4, 1};
  CHECK(HashRing({1, 2}, two).shards() == std::vector<std::uint32_t>{1, 4});
  CHECK_THROWS_AS(HashRing({}, {}), std::invalid_argument);
  CHECK_THROWS_AS(HashRing({1}, two), std::invalid_argument);
  CHECK_THROWS_AS(HashRing({2, 1}, two), std::invalid_argument);
}

TEST_CASE("operations that name ids are divided") {
  const HashRing ring = ring_of(5);
  const auto ids = some_ids(300);
  check_named(ring, ids, DeletePoints{});
  check_named(ring, ids, SetPayload{{}, JsonPath::require("a.b"), "{\"c\":1}"});
  check_named(ring, ids, SetPayload{{}, std::nullopt, "{}"});
  check_named(ring, ids, OverwritePayload{{}, "{\"c\":[1,2]}"});
  check_named(ring, ids, DeletePayloadKeys{{}, {JsonPath::require("a"), JsonPath::require("b[].c")}});
  check_named(ring, ids, ClearPayload{});
  check_named(ring, ids, DeleteVectors{{}, {"", "multi"}});
  check_named(ring, {}, ClearPayload{});
}

TEST_CASE("points with vectors and payloads are divided") {
  const HashRing ring = ring_of(4);
  const SomePoints points(some_ids(200));
  const Bytes upsert = encode_operation(kClock, points.operation);
  const auto parts = split_operation(upsert, ring);
  REQUIRE(parts.size() == 4);
  for (const ShardPart& part : parts) {
    CHECK(bytes_of(part, upsert) == encode_operation(kClock, points.only(ring, part.shard)));
  }
  UpdateVectors update{points.operation};
  for (PointView& point : update.points) point.payload = {};
  const Bytes updating = encode_operation(kClock, update);
  for (const ShardPart& part : split_operation(updating, ring)) {
    UpdateVectors expected{points.only(ring, part.shard)};
    for (PointView& point : expected.points) point.payload = {};
    CHECK(bytes_of(part, updating) == encode_operation(kClock, expected));
  }
}

TEST_CASE("what falls into one shard whole is not copied") {
  const SomePoints points(some_ids(50));
  const Bytes upsert = encode_operation(kClock, points.operation);
  const auto parts = split_operation(upsert, ring_of(1));
  REQUIRE(parts.size() == 1);
  CHECK_FALSE(parts[0].bytes.has_value());
  const SomePoints one(some_ids(1));
  const HashRing ring = ring_of(6);
  const auto own = split_operation(encode_operation(kClock, one.operation), ring);
  REQUIRE(own.size() == 1);
  CHECK(own[0].shard == shard_of(ring, one.operation.points[0].id));
  CHECK_FALSE(own[0].bytes.has_value());
  CHECK(split_operation(encode_operation(kClock, UpsertPoints{}), ring).empty());
}

TEST_CASE("operations that name no point go to every shard") {
  const HashRing ring = ring_of(3);
  const Operation every[] = {CreateFieldIndex{JsonPath::require("a"), 1, ""}, DeleteFieldIndex{JsonPath::require("a")}, Nothing{}};
  for (const Operation& operation : every) {
    const auto parts = split_operation(encode_operation(kClock, operation), ring);
    REQUIRE(parts.size() == 3);
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
      CHECK(parts[shard].shard == shard);
      CHECK_FALSE(parts[shard].bytes.has_value());
    }
  }
}

TEST_CASE("ids blocks are divided") {
  const HashRing ring = ring_of(3);
  const auto ids = some_ids(100);
  ByteWriter block;
  block.ids(ids);
  const auto expected = expected_ids(ring, ids);
  const auto parts = split_ids(block.view(), ring);
  REQUIRE(parts.size() == expected.size());
  for (const ShardPart& part : parts) {
    ByteWriter own;
    own.ids(expected.at(part.shard));
    CHECK(part.bytes == own.take());
  }
  const Bytes none(4);
  CHECK(split_ids(none, ring).empty());
  CHECK_FALSE(split_ids(block.view(), ring_of(1)).at(0).bytes.has_value());
}

TEST_CASE("damaged operations are refused or divided into damaged ones, and nothing worse") {
  const HashRing ring = ring_of(4);
  const auto ids = some_ids(12);
  const SomePoints points(ids);
  ByteWriter block;
  block.ids(ids);
  std::vector<Bytes> samples{encode_operation(kClock, points.operation),
                             encode_operation(kClock, SetPayload{ids, JsonPath::require("a"), "{\"b\":1}"}),
                             encode_operation(kClock, DeletePayloadKeys{ids, {JsonPath::require("a")}}),
                             encode_operation(kClock, DeleteVectors{ids, {"x"}}),
                             encode_operation(kClock, CreateFieldIndex{JsonPath::require("a"), 1, "{}"}), block.take()};
  std::mt19937 random(17);
  std::size_t refused = 0;
  const auto attempt = [&](const Bytes& bytes) {
    for (const auto& split : {split_operation, split_ids}) {
      try {
        std::size_t size = 0;
        for (const ShardPart& part : split(bytes, ring)) size += part.bytes.has_value() ? part.bytes->size() : 0;
        CHECK(size <= 4 * (bytes.size() + 4));
      } catch (const BadRequest&) {
        ++refused;
      }
    }
  };
  for (const Bytes& sample : samples) {
    for (std::size_t size = 0; size < sample.size(); ++size) attempt({sample.begin(), sample.begin() + static_cast<long>(size)});
    for (int i = 0; i < 3000; ++i) {
      Bytes damaged = sample;
      for (unsigned flips = 0; flips <= random() % 3; ++flips) damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
      attempt(damaged);
    }
  }
  CHECK(refused > 1000);
}
