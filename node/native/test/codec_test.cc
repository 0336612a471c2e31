#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "codec/parsed_upsert.h"
#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "codec/vector_selector.h"
#include "io/errors.h"

using namespace vdb;

namespace {

const std::vector<VectorShape> kFour = {{"", VectorShape::Kind::kDense, 4}};
const std::vector<VectorShape> kNamed = {{"a", VectorShape::Kind::kDense, 2},
                                         {"m", VectorShape::Kind::kMulti, 2},
                                         {"s", VectorShape::Kind::kSparse, 0}};

/** An operation kept together with the bytes that it has views into. */
struct Decoded {
  explicit Decoded(ParsedUpsert parsed) : parsed(std::move(parsed)), logged(decode_operation(this->parsed.operation)) {}
  Decoded(const Decoded&) = delete;

  const PointList& list() const {
    if (const auto* upsert = std::get_if<UpsertPoints>(&logged.operation)) return *upsert;
    return std::get<UpdateVectors>(logged.operation);
  }
  const PointView& point(std::size_t i) const { return list().points.at(i); }
  const VectorView& vector(std::size_t i, std::size_t v = 0) const { return list().vectors_of(point(i))[v]; }
  const std::string& name(const VectorView& vector) const { return list().names.at(vector.name); }

  ParsedUpsert parsed;
  LoggedOperation logged;
};

std::string problem_of(std::string_view body, const std::vector<VectorShape>& shapes = kFour) {
  try {
    parse_upsert(body, shapes);
  } catch (const BadJson& error) {
    return std::string("json: ") + error.what();
  } catch (const BadRequest& error) {
    return std::string("request: ") + error.what();
  }
  return "";
}

using Floats = std::vector<float>;
using Indices = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("an upsert in list form") {
  const Decoded decoded(parse_upsert(R"({
    "shard_key": ["k", 1.0], "update_filter": {"must": []},
    "points": [
      {"id": 18446744073709551615, "vector": [1, 0.5, -2e0, 3], "payload": {"big": 9007199254740993, "low": -9223372036854775808, "one": 1, "float": 1.0}},
      {"payload": {"a": {"b": 1, "b": 2}}, "vector": [0,0,0,0], "id": "936DA01F9ABD4d9d80C702AF85C822A8", "unknown": [1]},
      {"id": "urn:uuid:936da01f-9abd-4d9d-80c7-02af85c822a8", "vector": {"": [1,1,1,1]}, "payload": null},
      {"id": 0, "vector": {}, "payload": {}}
    ], "shard_key": "again"})",
                                     kFour));
  CHECK(decoded.parsed.points == 4);
  CHECK(decoded.parsed.rest == R"({"update_filter":{"must":[]},"shard_key":"again"})");
  REQUIRE(decoded.list().points.size() == 4);
  CHECK(decoded.point(0).id == PointId::of_number(std::numeric_limits<std::uint64_t>::max()));
  CHECK(decoded.point(0).payload == R"({"big":9007199254740993,"low":-9223372036854775808,"one":1,"float":1.0})");
  CHECK(decoded.vector(0).values() == Floats{1, 0.5f, -2, 3});
  CHECK(to_string(decoded.point(1).id) == "936da01f-9abd-4d9d-80c7-02af85c822a8");
  CHECK(decoded.point(1).payload == R"({"a":{"b":2}})");
  CHECK(decoded.point(2).id == decoded.point(1).id);
  CHECK(decoded.point(2).payload == "");
  CHECK(decoded.vector(2).values() == Floats{1, 1, 1, 1});
  CHECK(decoded.point(3).vector_count == 0);
  CHECK(decoded.point(3).payload == "");
}

TEST_CASE("named, sparse and multivectors") {
  const Decoded decoded(parse_upsert(R"({"points":[
    {"id":1,"vector":{"s":{"values":[0.5,0.25],"indices":[300,7]},"a":[1,2],"m":[[1,2],[3,4]]}},
    {"id":2,"vector":{"a":[9,9],"m":[5,6],"a":[3,4]}},
    {"id":3,"vector":{"s":{"indices":[],"values":[]}}},
    {"id":4,"vector":{"s":{"indices":[4294967295],"values":[1]}}}]})",
                                     kNamed));
  REQUIRE(decoded.point(0).vector_count == 3);
  CHECK(decoded.name(decoded.vector(0, 0)) == "s");
  CHECK(decoded.vector(0, 0).form == VectorForm::kSparse);
  CHECK(decoded.vector(0, 0).indices() == Indices{7, 300});
  CHECK(decoded.vector(0, 0).values() == Floats{0.25f, 0.5f});
  CHECK(decoded.vector(0, 1).values() == Floats{1, 2});
  CHECK(decoded.vector(0, 2).form == VectorForm::kMulti);
  CHECK(decoded.vector(0, 2).rows == 2);
  CHECK(decoded.vector(0, 2).values() == Floats{1, 2, 3, 4});
  REQUIRE(decoded.point(1).vector_count == 2);
  CHECK(decoded.vector(1, 0).form == VectorForm::kMulti);
  CHECK(decoded.vector(1, 0).rows == 1);
  CHECK(decoded.vector(1, 1).values() == Floats{3, 4});
  CHECK(decoded.vector(2).value_count() == 0);
  CHECK(decoded.vector(3).indices() == Indices{4294967295u});
}

TEST_CASE("an upsert in columns") {
  const Decoded unnamed(parse_upsert(
      R"({"batch":{"payloads":[null,{"a":1.0},{}],"vectors":[[1,2,3,4],[5,6,7,8],[9,9,9,9]],"ids":[1,"936da01f-9abd-4d9d-80c7-02af85c822a8",3]}})",
      kFour));
  REQUIRE(unnamed.parsed.points == 3);
  CHECK(unnamed.parsed.rest == "{}");
  CHECK(unnamed.point(1).id.uuid);
  CHECK(unnamed.point(0).payload == "");
  CHECK(unnamed.point(1).payload == R"({"a":1.0})");
  CHECK(unnamed.vector(2).values() == Floats{9, 9, 9, 9});

  const Decoded named(parse_upsert(
      R"({"batch":{"ids":[1,2],"vectors":{"a":[[1,2],[3,4]],"m":[[[1,2]],[[3,4],[5,6]]],"s":[{"indices":[1],"values":[1]},{"indices":[2],"values":[2]}]}}})",
      kNamed));
  REQUIRE(named.point(1).vector_count == 3);
  CHECK(named.vector(1, 0).values() == Floats{3, 4});
  CHECK(named.vector(1, 1).rows == 2);
  CHECK(named.vector(1, 2).indices() == Indices{2});

  const Decoded multi(parse_upsert(R"({"batch":{"ids":[1],"vectors":[[[1,2],[3,4]]]}})", {{{"", VectorShape::Kind::kMulti, 2}}}));
  CHECK(multi.vector(0).rows == 2);
  const Decoded none(parse_upsert(R"({"batch":{"ids":[1,2],"vectors":{},"payloads":null}})", kFour));
  CHECK(none.parsed.points == 2);
  CHECK(none.point(1).vector_count == 0);
}

TEST_CASE("what does not fit the collection is refused in the original's words") {
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2,3]}]})") == "request: Vector dimension error: expected dim: 4, got 3");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[]}]})") == "request: Vector dimension error: expected dim: 4, got 0");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"foo":[1,2,3,4]}}]})") == "request: Not existing vector name error: foo");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2]}]})", kNamed) == "request: Not existing vector name error: ");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2,3,1e39]}]})").starts_with("request: Vector component is not a finite"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"a":[[1,2]]}}]})", kNamed) ==
        "request: Conversion between multi and regular vectors failed");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"s":[1,2]}}]})", kNamed) ==
        "request: Conversion between sparse and regular vectors failed");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"a":{"indices":[1],"values":[1]}}}]})", kNamed) ==
        "request: Conversion between sparse and regular vectors failed");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"m":[[1,2],[3]]}}]})", kNamed) ==
        "request: Vector dimension error: expected dim: 2, got 1");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"s":{"indices":[1,1],"values":[1,2]}}}]})", kNamed) ==
        "request: Sparse vector indices must be unique");
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"s":{"indices":[1,2],"values":[1]}}}]})", kNamed) ==
        "request: Sparse vector must have as many values as indices");
  CHECK(problem_of(R"({"batch":{"ids":[1,2],"vectors":[[1,2,3,4]]}})") ==
        "request: batch.vectors: expected 2 elements, one for each id, got 1");
  CHECK(problem_of(R"({"batch":{"ids":[1],"vectors":[[1,2,3,4]],"payloads":[{},{}]}})") ==
        "request: batch.payloads: expected 1 elements, one for each id, got 2");
  CHECK(problem_of(R"({"batch":{"ids":[1],"vectors":{"a":[[1,2]],"m":[]}}})", kNamed) ==
        "request: batch.vectors: expected 1 elements, one for each id, got 0");
}

TEST_CASE("what is not a body is refused with the field") {
  CHECK(problem_of(R"({"points":[{"id":-1,"vector":[1,2,3,4]}]})") ==
        "json: points[0].id: value -1 is not a valid point ID, valid values are either an unsigned integer or a UUID at line 1 column 18");
  for (const char* id : {"1.0", "1e3", "\"x\"", "\"12\"", "null", "true", "[1]", "{}", "\"936da01f9abd4d9d80c702af85c822a\""}) {
    CAPTURE(id);
    CHECK(problem_of(std::string(R"({"points":[{"id":)") + id + R"(,"vector":[1,2,3,4]}]})").starts_with("json: points[0].id: value "));
  }
  CHECK(problem_of(R"({"points":[{"id":18446744073709551616,"vector":[1,2,3,4]}]})").starts_with("json: number out of range"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2,3,4]},{"vector":[1,2,3,4]}]})").starts_with("json: points[1]: missing field `id`"));
  CHECK(problem_of(R"({"points":[{"id":1}]})").starts_with("json: points[0]: missing field `vector`"));
  CHECK(problem_of(R"({"points":[{"id":1,"id":2,"vector":[1,2,3,4]}]})").starts_with("json: points[0]: duplicate field `id`"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,"x",3,4]}]})").starts_with("json: points[0].vector: invalid type: expected a number"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,NaN,3,4]}]})").starts_with("json: points[0].vector: invalid type: expected a number"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":"x"}]})").starts_with("json: points[0].vector: invalid type"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2,3,4],"payload":[]}]})").starts_with("json: points[0].payload: invalid type"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2,3,4],"payload":{"x":1e400}}]})").starts_with("json: number out of range"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":[1,2,3,04]}]})").starts_with("json: invalid number"));
  CHECK(problem_of(R"({"points":[1]})").starts_with("json: points[0]: invalid type"));
  CHECK(problem_of(R"({"points":{}})").starts_with("json: points: invalid type"));
  CHECK(problem_of(R"({"points":[],"batch":{}})").starts_with("json: duplicate field"));
  CHECK(problem_of("{}").starts_with("json: missing field `points` or `batch`"));
  CHECK(problem_of("[]").starts_with("json: invalid type"));
  CHECK(problem_of("").starts_with("json: invalid type"));
  CHECK(problem_of(R"({"points":[]} x)").starts_with("json: trailing characters"));
  CHECK(problem_of(R"({"batch":{"vectors":[]}})").starts_with("json: batch: missing field `ids`"));
  CHECK(problem_of(R"({"batch":{"ids":[1,"x"],"vectors":[]}})").starts_with("json: batch.ids[1]: value x"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"s":{"indices":[-1],"values":[1]}}}]})", kNamed)
            .starts_with("json: points[0].vector: indices: expected an unsigned"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"s":{"indices":[4294967296],"values":[1]}}}]})", kNamed)
            .starts_with("json: points[0].vector: indices: expected an unsigned"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"s":{"indices":[1]}}}]})", kNamed)
            .starts_with("json: points[0].vector: missing field `values`"));
  CHECK(problem_of(R"({"points":[{"id":1,"vector":{"a":{"text":"x","model":"y"}}}]})", kNamed) ==
        "request: points[0].vector: inference is not supported, send vectors");
}

TEST_CASE("vectors of points are updated") {
  const Decoded decoded(parse_update_vectors(R"({"points":[{"id":5,"vector":{"a":[1,2]},"payload":"ignored"}],"x":1})", kNamed));
  CHECK(std::holds_alternative<UpdateVectors>(decoded.logged.operation));
  CHECK(decoded.vector(0).values() == Floats{1, 2});
  CHECK(decoded.parsed.rest == R"({"x":1})");
  CHECK_THROWS_AS(parse_update_vectors(R"({"batch":{"ids":[1],"vectors":[[1,2,3,4]]}})", kFour), BadJson);
}

TEST_CASE("operations survive encoding and decoding") {
  const std::vector<PointId> ids = {PointId::of_number(std::numeric_limits<std::uint64_t>::max()), *parse_uuid("936da01f-9abd-4d9d-80c7-02af85c822a8")};
  const ClockTag clock{1, 2, 3};
  const JsonPath path = JsonPath::require("a[].\"b c\"[2]");
  const std::vector<Operation> operations = {DeletePoints{ids},
                                             SetPayload{ids, path, R"({"x":1.0})"},
                                             SetPayload{ids, std::nullopt, R"({"x":18446744073709551615})"},
                                             OverwritePayload{ids, ""},
                                             DeletePayloadKeys{ids, {path, path}},
                                             ClearPayload{ids},
                                             DeleteVectors{ids, {"", "v"}},
                                             CreateFieldIndex{path, 1, R"({"type":"keyword"})"},
                                             DeleteFieldIndex{path},
                                             Nothing{}};
  for (const Operation& operation : operations) {
    const std::vector<std::uint8_t> bytes = encode_operation(clock, operation);
    const LoggedOperation decoded = decode_operation(bytes);
    CHECK(decoded.clock == clock);
    CHECK(decoded.operation.index() == operation.index());
    CHECK(static_cast<std::size_t>(operation_kind(bytes)) == operation.index() + 1);
    CHECK(encode_operation(decoded.clock, decoded.operation) == bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK_THROWS_AS(decode_operation(std::span(bytes).first(size)), FormatError);
    }
    std::vector<std::uint8_t> longer = bytes;
    longer.push_back(0);
    CHECK_THROWS_AS(decode_operation(longer), FormatError);
  }
  const ParsedUpsert upsert = parse_upsert(R"({"points":[{"id":1,"vector":{"a":[1,2],"m":[[1,2]],"s":{"indices":[5],"values":[1]}},"payload":{"x":1}}]})", kNamed);
  const LoggedOperation decoded = decode_operation(upsert.operation);
  CHECK(encode_operation({}, decoded.operation) == upsert.operation);
  for (std::size_t size = 0; size < upsert.operation.size(); ++size) {
    CHECK_THROWS_AS(decode_operation(std::span(upsert.operation).first(size)), FormatError);
  }
}

TEST_CASE("operations with damage inside are refused") {
  const auto upsert = [](auto&& write) {
    ByteWriter writer(256);
    write_operation_header(writer, OperationKind::kUpsertPoints, {});
    writer.name_table(std::vector<std::string>{"a"});
    writer.u32(1);
    writer.id(PointId::of_number(1));
    write(writer);
    return writer.take();
  };
  const auto refused = [&](auto&& write) { CHECK_THROWS_AS(decode_operation(upsert(write)), FormatError); };
  CHECK_NOTHROW(decode_operation(upsert([](ByteWriter& writer) {
    writer.u16(1);
    write_dense(writer, 0, Floats{1});
    writer.blob(std::string_view(R"({"a":1})"));
  })));
  refused([](ByteWriter& writer) {  // a name past the table
    writer.u16(1);
    write_dense(writer, 1, Floats{1});
    writer.blob(std::string_view());
  });
  refused([](ByteWriter& writer) {
    writer.u16(1);
    write_dense(writer, 0, Floats{std::numeric_limits<float>::quiet_NaN()});
    writer.blob(std::string_view());
  });
  refused([](ByteWriter& writer) {
    writer.u16(1);
    write_sparse(writer, 0, Indices{2, 1}, Floats{1, 2});
    writer.blob(std::string_view());
  });
  refused([](ByteWriter& writer) {  // rows x dimension x 4 leaves 64 bits
    writer.u16(1);
    writer.u16(0);
    writer.u8(2);
    writer.u32(0xffffffff);
    writer.u32(0xffffffff);
    writer.blob(std::string_view());
  });
  for (const char* payload : {"{", "[]", R"({"a": 1})", R"({"a":1,"a":1})", "{\"a\":\"\xff\"}", R"({"a":1e400})"}) {
    CAPTURE(payload);
    refused([&](ByteWriter& writer) {
      writer.u16(0);
      writer.blob(std::string_view(payload));
    });
  }
  std::vector<std::uint8_t> unknown = encode_operation({}, Nothing{});
  unknown[0] = 2;
  CHECK_THROWS_AS(decode_operation(unknown), FormatError);
  unknown[0] = 1;
  unknown[1] = 12;
  CHECK_THROWS_AS(decode_operation(unknown), FormatError);
  CHECK_THROWS_AS(operation_kind(unknown), FormatError);
}

TEST_CASE("vector selectors decode and refuse") {
  ByteWriter writer(64);
  writer.u8(2);
  writer.name_table(std::vector<std::string>{"a", ""});
  const VectorSelector selector = decode_vector_selector(writer.view());
  CHECK(selector.wants("a"));
  CHECK(selector.wants(""));
  CHECK(!selector.wants("b"));
  CHECK(decode_vector_selector(std::vector<std::uint8_t>{1}).wants("b"));
  CHECK(!decode_vector_selector(std::vector<std::uint8_t>{0}).wants_any());
  CHECK_THROWS_AS(decode_vector_selector(std::vector<std::uint8_t>{3}), FormatError);
  CHECK_THROWS_AS(decode_vector_selector(std::vector<std::uint8_t>{}), FormatError);
}
