#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "codec/parsed_upsert.h"
#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "codec/value_message.h"
#include "io/errors.h"
#include "json/scanner.h"
#include "test/golden_messages.h"

using namespace vdb;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Floats = std::vector<float>;

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

const std::vector<VectorShape> kShapes = {{"", VectorShape::Kind::kDense, 4},
                                          {"m", VectorShape::Kind::kMulti, 2},
                                          {"s", VectorShape::Kind::kSparse, 0}};
const std::vector<std::string> kNames = {"", "m", "s"};
constexpr BatchContents kAll{true, true, true};

Bytes scored(std::initializer_list<std::pair<std::uint64_t, float>> points) {
  PointBatchWriter writer({true, false, false}, {});
  for (const auto& [id, score] : points) writer.begin_point(PointId::of_number(id), id, score);
  return writer.take();
}

std::string merged_ids(std::initializer_list<Bytes> batches, bool higher, std::size_t offset, std::size_t limit) {
  std::vector<std::span<const std::uint8_t>> views(batches.begin(), batches.end());
  const Bytes merged = merge_scored(views, higher, offset, limit);
  PointBatchReader reader(merged);
  std::string ids;
  for (BatchPoint point; reader.next(point);) ids += to_string(point.id) + " ";
  return ids;
}

}  // namespace

TEST_CASE("the client's upsert message becomes an operation") {
  const Bytes message = from_hex(kUpsertMessage);
  const ParsedUpsert parsed = parse_upsert_message(message, kShapes);
  CHECK(parsed.points == 5);
  CHECK(parsed.rest == "");
  const LoggedOperation logged = decode_operation(parsed.operation);
  const auto& upsert = std::get<UpsertPoints>(logged.operation);
  REQUIRE(upsert.points.size() == 5);
  CHECK(upsert.points[0].id == PointId::of_number(std::numeric_limits<std::uint64_t>::max()));
  CHECK(upsert.points[0].payload == R"({"i":-9223372036854775808})");
  CHECK(upsert.vectors_of(upsert.points[0])[0].values() == Floats{1, 0.5f, -2, 3});
  CHECK(to_string(upsert.points[1].id) == "936da01f-9abd-4d9d-80c7-02af85c822a8");
  CHECK(upsert.points[1].payload == "{\"s\":{\"l\":[1.0,null,false,\"é\\\"\\n\"]}}");
  CHECK(upsert.vectors_of(upsert.points[1])[0].values() == Floats{4, 3, 2, 1});
  REQUIRE(upsert.points[2].vector_count == 3);
  for (const VectorView& vector : upsert.vectors_of(upsert.points[2])) {
    if (vector.form == VectorForm::kMulti) CHECK(vector.values() == Floats{1, 2, 3, 4});
    if (vector.form == VectorForm::kSparse) {
      CHECK(vector.indices() == std::vector<std::uint32_t>{7, 300});
      CHECK(vector.values() == Floats{0.75f, 0.25f});
    }
  }
  REQUIRE(upsert.points[3].vector_count == 2);
  for (const VectorView& vector : upsert.vectors_of(upsert.points[3])) {
    CHECK((vector.form == VectorForm::kMulti ? vector.rows == 2 : vector.indices().at(0) == 4294967295u));
  }
  CHECK(upsert.points[4].vector_count == 0);
}

TEST_CASE("the client's vector update message becomes an operation") {
  const Bytes message = from_hex(kUpdateVectorsMessage);
  const ParsedUpsert parsed = parse_update_vectors_message(message, kShapes);
  const LoggedOperation logged = decode_operation(parsed.operation);
  const auto& update = std::get<UpdateVectors>(logged.operation);
  REQUIRE(update.points.size() == 1);
  CHECK(update.points[0].id == PointId::of_number(3));
  CHECK(update.vectors_of(update.points[0])[0].values() == Floats{1, 2, 3, 4});
}

TEST_CASE("messages that are cut or do not fit are bad requests") {
  const Bytes message = from_hex(kUpsertMessage);
  std::size_t refused = 0;
  for (std::size_t size = 0; size < message.size(); ++size) {
    try {
      parse_upsert_message(std::span(message).first(size), kShapes);
    } catch (const BadRequest&) {
      ++refused;
    }
  }
  // Only a cut between two fields of the outer message leaves a message.
  CHECK(refused == message.size() - 7);
  CHECK_THROWS_WITH_AS(parse_upsert_message(message, std::vector<VectorShape>{{"", VectorShape::Kind::kDense, 3}}),
                       "Vector dimension error: expected dim: 3, got 4", BadRequest);
  const Bytes no_id = {0x1a, 0x00};
  CHECK_THROWS_WITH_AS(parse_upsert_message(no_id, kShapes), "Empty point id", BadRequest);
  Bytes group = {0x0b};
  CHECK_THROWS_AS(parse_upsert_message(group, kShapes), BadRequest);
}

TEST_CASE("values of messages become JSON without loss, within the depth limit") {
  // One entry: key "a", a list within a list and so on around nothing.
  const auto nested = [](std::size_t depth) {
    WireWriter inner;
    std::vector<std::size_t> open;
    open.push_back(inner.begin(1));
    inner.string_field(1, "a");
    open.push_back(inner.begin(2));
    for (std::size_t i = 0; i < depth; ++i) {
      open.push_back(inner.begin(7));
      open.push_back(inner.begin(1));
    }
    while (!open.empty()) {
      inner.end(open.back());
      open.pop_back();
    }
    return inner.take();
  };
  CHECK(payload_from_entries(nested(2)) == R"({"a":[[null]]})");
  const std::string deepest = payload_from_entries(nested(kJsonDepthMax - 1));
  CHECK(minify_json(deepest) == deepest);
  CHECK_THROWS_AS(payload_from_entries(nested(kJsonDepthMax)), BadRequest);
  CHECK_THROWS_AS(payload_from_entries(nested(20'000)), BadRequest);
  CHECK(payload_from_entries({}) == "{}");
  WireWriter twice;
  for (const std::uint64_t value : {1, 2}) {
    const std::size_t entry = twice.begin(1);
    twice.string_field(1, "k");
    const std::size_t inner = twice.begin(2);
    twice.varint_field(3, value);
    twice.end(inner);
    twice.end(entry);
  }
  CHECK(payload_from_entries(twice.take()) == R"({"k":2})");
  WireWriter infinite;
  const std::size_t entry = infinite.begin(1);
  const std::size_t inner = infinite.begin(2);
  infinite.fixed64_field(2, std::numeric_limits<double>::infinity());
  infinite.end(inner);
  infinite.end(entry);
  CHECK_THROWS_AS(payload_from_entries(infinite.take()), BadRequest);
}

TEST_CASE("point batches become the bytes that the client's descriptors give") {
  PointBatchWriter writer(kAll, kNames);
  writer.begin_point(PointId::of_number(std::numeric_limits<std::uint64_t>::max()), 3, 0.5f);
  writer.payload(R"({"k":{"l":[-9223372036854775808,18446744073709551615,1.0,null,true,")" + std::string(130, 'x') + R"("]}})");
  writer.dense(0, Floats{1, 2});
  writer.begin_point(*parse_uuid("936da01f-9abd-4d9d-80c7-02af85c822a8"), 4, 0.25f);
  writer.sparse(2, std::vector<std::uint32_t>{7, 300}, Floats{0.25f, 0.75f});
  CHECK(points_to_message(writer.take(), PointShape::kScored, 1) == from_hex(kScoredMessage));

  PointBatchWriter records({false, false, true}, kNames);
  records.begin_point(PointId::of_number(0), 9);
  records.multi(1, 2, Floats{1, 2, 3, 4});
  CHECK(points_to_message(records.take(), PointShape::kRecord, 1) == from_hex(kRetrievedMessage));
}

TEST_CASE("point batches become JSON") {
  PointBatchWriter writer(kAll, kNames);
  writer.begin_point(PointId::of_number(std::numeric_limits<std::uint64_t>::max()), 3, 0.1f);
  writer.payload(R"({"big":9007199254740993,"one":1.0})");
  writer.dense(0, Floats{1, 0.25f});
  writer.begin_point(*parse_uuid("936da01f-9abd-4d9d-80c7-02af85c822a8"), 4, 1);
  writer.dense(0, Floats{1});
  writer.multi(1, 2, Floats{1, 2, 3, 4});
  writer.sparse(2, std::vector<std::uint32_t>{7, 300}, Floats{0.25f, 0.75f});
  writer.begin_point(PointId::of_number(5), 5, std::numeric_limits<float>::infinity());
  const Bytes batch = writer.take();
  CHECK(text_of(points_to_json(batch, PointShape::kScored)) ==
        R"([{"id":18446744073709551615,"version":3,"score":0.1,"payload":{"big":9007199254740993,"one":1.0},"vector":[1.0,0.25]},)"
        R"({"id":"936da01f-9abd-4d9d-80c7-02af85c822a8","version":4,"score":1.0,"payload":{},"vector":{"":[1.0],"m":[[1.0,2.0],[3.0,4.0]],"s":{"indices":[7,300],"values":[0.25,0.75]}}},)"
        R"({"id":5,"version":5,"score":3.4028235e+38,"payload":{},"vector":{}}])");
  PointBatchWriter bare({}, {});
  bare.begin_point(PointId::of_number(1), 2);
  bare.begin_point(PointId::of_number(2), 3);
  CHECK(text_of(points_to_json(bare.take(), PointShape::kRecord)) == R"([{"id":1},{"id":2}])");
  CHECK(text_of(points_to_json(PointBatchWriter({}, {}).take(), PointShape::kRecord)) == "[]");
  for (std::size_t size = 0; size < batch.size(); ++size) {
    CHECK_THROWS_AS(points_to_json(std::span(batch).first(size), PointShape::kScored), FormatError);
    CHECK_THROWS_AS(points_to_message(std::span(batch).first(size), PointShape::kScored, 1), FormatError);
  }
}

TEST_CASE("scored batches merge, best first") {
  const Bytes a = scored({{1, 0.9f}, {3, 0.5f}, {5, 0.1f}});
  const Bytes b = scored({{2, 0.8f}, {3, 0.6f}, {4, 0.5f}});
  CHECK(merged_ids({a, b}, true, 0, 10) == "1 2 3 4 5 ");
  CHECK(merged_ids({a, b}, true, 1, 2) == "2 3 ");
  CHECK(merged_ids({a, b}, true, 10, 2) == "");
  CHECK(merged_ids({a, b}, false, 0, 3) == "5 3 4 ");
  CHECK(merged_ids({scored({{2, 0.5f}}), scored({{1, 0.5f}})}, true, 0, 10) == "1 2 ");
  CHECK(merged_ids({scored({{2, std::numeric_limits<float>::quiet_NaN()}}), scored({{1, 0.5f}})}, true, 0, 10) == "1 2 ");
  CHECK(merged_ids({}, true, 0, 10) == "");
  const Bytes plain = PointBatchWriter({}, {}).take();
  CHECK_THROWS_AS(merged_ids({plain}, true, 0, 1), FormatError);
}

TEST_CASE("merging keeps payloads and renames vectors") {
  PointBatchWriter first(kAll, std::vector<std::string>{"x", "y"});
  first.begin_point(PointId::of_number(1), 1, 0.1f);
  first.dense(1, Floats{1});
  PointBatchWriter second(kAll, std::vector<std::string>{"y", "z"});
  second.begin_point(PointId::of_number(2), 2, 0.2f);
  second.payload(R"({"a":1})");
  second.dense(0, Floats{2});
  second.dense(1, Floats{3});
  const Bytes a = first.take();
  const Bytes b = second.take();
  const std::vector<std::span<const std::uint8_t>> batches = {a, b};
  CHECK(text_of(points_to_json(merge_scored(batches, true, 0, 5), PointShape::kRecord)) ==
        R"([{"id":2,"payload":{"a":1},"vector":{"y":[2.0],"z":[3.0]}},{"id":1,"payload":{},"vector":{"y":[1.0]}}])");
}
