// Ranges of ids, exported, digested and listed, as replicas are compared and copied.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "test/shard_harness.h"
#include "test/shard_model.h"

namespace vdb {

namespace {

const IdRange kAll{};

PointId number(uint64_t value) { return PointId::of_number(value); }

PointId uuid(uint8_t last) {
  std::array<uint8_t, 16> bytes{};
  bytes[15] = last;
  return PointId::of_uuid(bytes);
}

ModelVector model_vector(const VectorView& vector) {
  ModelVector model{vector.form, {}, vector.values()};
  if (vector.form == VectorForm::kSparse) model.indices = vector.indices();
  return model;
}

/** What an exported operation holds, without versions. */
Model points_in(const std::vector<uint8_t>& operation) {
  const LoggedOperation logged = decode_operation(operation);
  CHECK(logged.clock == ClockTag{});
  const auto& upsert = std::get<UpsertPoints>(logged.operation);
  Model model;
  for (const PointView& point : upsert.points) {
    ModelPoint& to = model[point.id];
    to.payload = payload_of(point.payload);
    for (const VectorView& vector : upsert.vectors_of(point)) to.vectors[upsert.names[vector.name]] = model_vector(vector);
  }
  CHECK(model.size() == upsert.points.size());
  return model;
}

Model without_versions(Model model) {
  for (auto& [id, point] : model) point.version = 0;
  return model;
}

/** Copies a shard range by range, checking what the parts say about themselves. */
void copy_points(Shard& from, ShardHarness& to, size_t limit) {
  IdRange rest;
  for (;;) {
    const RangePart part = from.export_range(rest, limit);
    CHECK(part.count <= limit);
    const Model points = points_in(part.bytes);
    REQUIRE(points.size() == part.count);
    if (part.count > 0) CHECK(points.rbegin()->first == part.last);
    if (part.count > 0) to.write_bytes(part.bytes);
    if (!part.more) return;
    rest.after = part.last;
  }
}

std::vector<uint8_t> digest_of(Shard& shard, const IdRange& range = kAll) {
  const RangePart part = shard.digest_range(range, SIZE_MAX);
  CHECK(part.bytes.size() == 16);
  CHECK_FALSE(part.more);
  return part.bytes;
}

void run_random_operations(ShardHarness& harness, ModelWriter& writer, int count) {
  for (int i = 0; i < count; i++) harness.write_bytes(writer.next(harness.log().last_sequence() + 1));
}

std::vector<uint8_t> upsert_of(const std::string& name, const std::vector<std::pair<PointId, std::vector<float>>>& points,
                               const std::string& payload = "", const ClockTag& clock = {}) {
  ByteWriter out;
  write_operation_header(out, OperationKind::kUpsertPoints, clock);
  out.name_table(std::vector<std::string>{name});
  out.count(points.size());
  for (const auto& [id, values] : points) {
    out.id(id);
    out.u16(1);
    write_dense(out, 0, values);
    out.blob(payload);
  }
  return out.take();
}

ShardSchema dense_schema(uint32_t dimension, Distance distance, RowType type) {
  ShardSchema schema = test_schema();
  schema.vectors.resize(1);
  schema.vectors[0].dimension = dimension;
  schema.vectors[0].distance = distance;
  schema.vectors[0].type = type;
  return schema;
}

std::vector<PointId> ids_in(Shard& shard, const IdRange& range) {
  const auto block = shard.ids_in_range(range);
  ByteReader reader(block);
  auto ids = reader.ids();
  reader.expect_end();
  return ids;
}

}  // namespace

TEST_CASE("an exported shard holds every point, and its copy has the same digest") {
  ShardHarness harness;
  ModelWriter writer(11, 300);
  run_random_operations(harness, writer, 400);
  for (const size_t limit : {size_t{1}, size_t{7}, size_t{32}, size_t{1000}}) {
    CAPTURE(limit);
    ShardHarness copy;
    copy_points(harness.shard(), copy, limit);
    const RangePart all = copy.shard().export_range(kAll, SIZE_MAX);
    CHECK(points_in(all.bytes) == without_versions(writer.points));
    CHECK_FALSE(all.more);
    CHECK(digest_of(copy.shard()) == digest_of(harness.shard()));
  }
}

TEST_CASE("a digest does not see slots, generations, field indexes or the order of the schema") {
  ShardHarness harness;
  ModelWriter writer(12, 200);
  run_random_operations(harness, writer, 300);
  const auto digest = digest_of(harness.shard());
  harness.reopen();
  CHECK(digest_of(harness.shard()) == digest);
  REQUIRE(harness.shard().vacuum(0, 0));
  CHECK(digest_of(harness.shard()) == digest);
  harness.write(CreateFieldIndex{JsonPath::require("c"), 2, ""});
  CHECK(digest_of(harness.shard()) == digest);

  ShardSchema reversed = test_schema();
  std::reverse(reversed.vectors.begin(), reversed.vectors.end());
  ShardHarness other(reversed);
  copy_points(harness.shard(), other, 10);
  CHECK(digest_of(other.shard()) == digest);
}

TEST_CASE("a digest does not see in which order the keys of a payload came") {
  ShardHarness one;
  ShardHarness other;
  const std::vector<std::pair<PointId, std::vector<float>>> point{{number(1), std::vector<float>(12, 1.0F)}};
  one.write_bytes(upsert_of("", point, "{\"a\":1,\"b\":2}"));
  other.write_bytes(upsert_of("", point, "{\"b\":2}"));
  CHECK(digest_of(one.shard()) != digest_of(other.shard()));
  for (ShardHarness* each : {&one, &other}) each->write(SetPayload{{number(1)}, std::nullopt, "{\"a\":3}"});
  CHECK(one.shard().export_range(kAll, 1).bytes != other.shard().export_range(kAll, 1).bytes);
  CHECK(digest_of(one.shard()) == digest_of(other.shard()));
}

TEST_CASE("every change of content changes the digest") {
  ShardHarness harness;
  ModelWriter writer(13, 60);
  std::vector<Model> states;
  std::vector<std::vector<uint8_t>> digests;
  for (int i = 0; i < 300; i++) {
    run_random_operations(harness, writer, 1);
    const Model state = without_versions(writer.points);
    const auto digest = digest_of(harness.shard());
    const auto known = std::find(states.begin(), states.end(), state);
    const auto same = std::find(digests.begin(), digests.end(), digest);
    CHECK((known - states.begin()) == (same - digests.begin()));
    states.push_back(state);
    digests.push_back(digest);
  }
}

TEST_CASE("ranges start after one id and end with another, integers before UUIDs") {
  ShardHarness harness;
  const std::vector<PointId> ids{number(0), number(3), number(7), number(UINT64_MAX), uuid(0), uuid(4), uuid(9)};
  std::vector<std::pair<PointId, std::vector<float>>> points;
  for (const PointId& id : ids) points.push_back({id, std::vector<float>(12, 1.0F)});
  harness.write_bytes(upsert_of("", points));
  Shard& shard = harness.shard();
  std::vector<std::optional<PointId>> bounds{std::nullopt, number(1), number(5), uuid(2), uuid(200)};
  bounds.insert(bounds.end(), ids.begin(), ids.end());
  for (const auto& after : bounds) {
    for (const auto& to : bounds) {
      std::vector<PointId> expected;
      for (const PointId& id : ids) {
        if ((!after.has_value() || *after < id) && (!to.has_value() || !(*to < id))) expected.push_back(id);
      }
      CHECK(ids_in(shard, {after, to}) == expected);
      for (size_t limit = 0; limit < 9; limit++) {
        const RangePart part = shard.digest_range({after, to}, limit);
        CHECK(part.count == std::min(limit, expected.size()));
        CHECK(part.more == (limit < expected.size()));
        CHECK(part.last == (part.count == 0 ? std::nullopt : std::optional(expected[part.count - 1])));
        const RangePart exported = shard.export_range({after, to}, limit);
        CHECK(std::tie(exported.count, exported.last, exported.more) == std::tie(part.count, part.last, part.more));
        if (part.last.has_value()) CHECK(digest_of(shard, {after, part.last}) == part.bytes);
      }
    }
  }
}

TEST_CASE("vectors are exported as they are stored, and keep their bytes when they are written again") {
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0, 40);
  for (const Distance distance : {Distance::kCosine, Distance::kDot, Distance::kEuclid, Distance::kManhattan}) {
    for (const RowType type : {RowType::kFloat32, RowType::kFloat16, RowType::kUint8}) {
      CAPTURE(static_cast<int>(distance));
      CAPTURE(static_cast<int>(type));
      ShardHarness harness(dense_schema(37, distance, type));
      std::vector<std::pair<PointId, std::vector<float>>> points;
      for (uint64_t id = 0; id < 30; id++) {
        points.push_back({number(id), std::vector<float>(37)});
        for (float& value : points.back().second) value = id == 0 ? 0 : std::fabs(normal(random));
      }
      harness.write_bytes(upsert_of("", points));
      ShardHarness copy(dense_schema(37, distance, type));
      copy_points(harness.shard(), copy, 9);
      CHECK(copy.shard().export_range(kAll, 100).bytes == harness.shard().export_range(kAll, 100).bytes);
      CHECK(digest_of(copy.shard()) == digest_of(harness.shard()));
    }
  }
}

TEST_CASE("an export of large points ends early and says so") {
  ShardHarness harness;
  const std::string payload = "{\"text\":\"" + std::string(3 << 20, 'x') + "\"}";
  for (uint64_t id = 0; id < 5; id++) harness.write_bytes(upsert_of("", {{number(id), std::vector<float>(12, 1.0F)}}, payload));
  const RangePart first = harness.shard().export_range(kAll, 100);
  CHECK(first.count == 3);
  CHECK(first.more);
  CHECK(first.last == number(2));
  const RangePart second = harness.shard().export_range({first.last, std::nullopt}, 100);
  CHECK(second.count == 2);
  CHECK_FALSE(second.more);
}

TEST_CASE("points are exported whole while they are written, and all that were there before") {
  constexpr uint64_t kPoints = 200;
  constexpr uint32_t kRounds = 60;
  ShardHarness harness;
  std::atomic<uint32_t> applied{0};
  // Payload, dense and sparse vector of a point say the same round. Ids at or past kPoints come and go.
  std::thread writer([&] {
    for (uint32_t round = 1; round <= kRounds; round++) {
      const std::string payload = "{\"round\":" + std::to_string(round) + "}";
      ByteWriter out;
      write_operation_header(out, OperationKind::kUpsertPoints, {});
      out.name_table(std::vector<std::string>{"", "sparse"});
      out.u32(kPoints + 20);
      for (uint64_t id = 0; id < kPoints + 20; id++) {
        out.id(number(id));
        out.u16(2);
        write_dense(out, 0, std::vector<float>(12, static_cast<float>(round)));
        write_sparse(out, 1, std::vector<uint32_t>{round}, std::vector<float>{1});
        out.blob(payload);
      }
      harness.write_bytes(out.take());
      applied.store(round);
      DeletePoints deletion;
      for (uint64_t id = kPoints; id < kPoints + 20; id++) deletion.ids.push_back(number(id));
      harness.write(deletion);
      if (round % 20 == 0) harness.shard().vacuum(0, 0);
    }
  });
  uint64_t exported = 0;
  do {
    const uint32_t before = applied.load();
    const RangePart part = harness.shard().export_range({std::nullopt, number(kPoints - 1)}, SIZE_MAX);
    if (before > 0) CHECK(part.count == kPoints);
    for (const auto& [id, point] : points_in(part.bytes)) {
      const auto round = static_cast<uint32_t>(point.payload.at("round"));
      REQUIRE(round >= before);
      REQUIRE(point.vectors.at("").values == std::vector<float>(12, static_cast<float>(round)));
      REQUIRE(point.vectors.at("sparse").indices == std::vector<uint32_t>{round});
    }
    harness.shard().digest_range(kAll, SIZE_MAX);
    harness.shard().ids_in_range(kAll);
    exported += part.count;
  } while (applied.load() < kRounds);
  writer.join();
  CHECK(exported > 0);
  CHECK(ids_in(harness.shard(), kAll).size() == kPoints);
}

TEST_CASE("the newest tick of each clock stays known") {
  ShardHarness harness;
  const auto newest = [&] { return harness.shard().info().clocks; };
  CHECK(newest().empty());
  uint64_t id = 0;
  const auto write = [&](const ClockTag& tag) {
    harness.write_bytes(upsert_of("", {{number(id++ % 3), std::vector<float>(12, 1.0F)}}, "", tag));
  };
  write({});
  CHECK(newest().empty());
  write({(uint64_t{1} << 53) - 1, 0, 5});
  write({2, 1, 9});
  write({2, 0, 4});
  write({2, 1, 8});
  const std::vector<ClockTag> expected{{2, 0, 4}, {2, 1, 9}, {(uint64_t{1} << 53) - 1, 0, 5}};
  CHECK(newest() == expected);
  harness.crash();
  CHECK(newest() == expected);
  harness.shard().checkpoint();
  harness.crash();
  CHECK(newest() == expected);
  REQUIRE(harness.shard().vacuum(0, 0));
  CHECK(newest() == expected);
  harness.reopen();
  CHECK(newest() == expected);
  write({2, 0, 7});
  CHECK(newest().front() == ClockTag{2, 0, 7});
  // An operation that does not fit is applied as nothing, by every replica; its tick has passed all the same.
  CHECK_THROWS_AS(harness.write_bytes(upsert_of("unknown", {{number(1), {1}}}, "", {2, 0, 8})), BadRequest);
  CHECK(newest().front() == ClockTag{2, 0, 8});
}

}  // namespace vdb
