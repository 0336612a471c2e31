// Answers of several shards, or of several replicas of one, made into one.
#include <doctest/doctest.h>

#include <random>

#include "codec/content_digest.h"
#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "io/errors.h"

using namespace vdb;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Point {
  std::uint64_t id;
  std::uint64_t version = 1;
  float score = 0;
  std::string payload = "{\"a\":1}";
  std::vector<float> vector = {1, 2};
};

Bytes batch_of(const std::vector<Point>& points, bool scores = false, std::vector<std::string> names = {""}) {
  PointBatchWriter writer({scores, true, true}, names);
  for (const Point& point : points) {
    writer.begin_point(PointId::of_number(point.id), point.version, point.score);
    writer.payload(point.payload);
    writer.dense(static_cast<std::uint16_t>(names.size() - 1), point.vector);
  }
  return writer.take();
}

std::vector<std::span<const std::uint8_t>> spans_of(const std::vector<Bytes>& batches) {
  return {batches.begin(), batches.end()};
}

std::vector<std::uint64_t> ids_of(const Bytes& batch) {
  std::vector<std::uint64_t> ids;
  PointBatchReader reader(batch);
  for (BatchPoint point; reader.next(point);) ids.push_back(point.id.number);
  return ids;
}

using Ids = std::vector<std::uint64_t>;

Bytes block_of(const Ids& numbers) {
  std::vector<PointId> ids;
  for (const std::uint64_t number : numbers) ids.push_back(PointId::of_number(number));
  ByteWriter block;
  block.ids(ids);
  return block.take();
}

ContentDigest digest_of(const Bytes& batch) {
  PointBatchReader reader(batch);
  BatchPoint point;
  REQUIRE(reader.next(point));
  return digest_point(point, reader.names());
}

}  // namespace

TEST_CASE("batches in id order become one") {
  const std::vector<Bytes> batches{batch_of({{1}, {4}, {9}}), batch_of({{2}, {4}, {7}}), batch_of({})};
  CHECK(ids_of(merge_by_id(spans_of(batches), 100)) == Ids{1, 2, 4, 7, 9});
  CHECK(ids_of(merge_by_id(spans_of(batches), 3)) == Ids{1, 2, 4});
  CHECK(ids_of(merge_by_id(spans_of(batches), 0)) == Ids{});
  CHECK(ids_of(merge_by_id({}, 3)) == Ids{});
}

TEST_CASE("integers stand before UUIDs in a merged batch") {
  PointBatchWriter writer({}, {});
  writer.begin_point(PointId::of_uuid({}), 1);
  const std::vector<Bytes> batches{writer.take(), [] {
                                     PointBatchWriter numbers({}, {});
                                     numbers.begin_point(PointId::of_number(UINT64_MAX), 1);
                                     return numbers.take();
                                   }()};
  const Bytes merged = merge_by_id(spans_of(batches), 2);
  PointBatchReader reader(merged);
  BatchPoint point;
  REQUIRE(reader.next(point));
  CHECK_FALSE(point.id.uuid);
  REQUIRE(reader.next(point));
  CHECK(point.id.uuid);
}

TEST_CASE("points stand in the order that was asked for, each once") {
  const std::vector<Bytes> batches{batch_of({{1}, {4}, {9}}), batch_of({{2}, {4}, {7}})};
  CHECK(ids_of(order_by_ids(spans_of(batches), block_of({7, 3, 4, 1, 4}))) == Ids{7, 4, 1});
  CHECK(ids_of(order_by_ids(spans_of(batches), block_of({}))) == Ids{});
  CHECK_THROWS_AS(order_by_ids(spans_of(batches), Bytes{1, 0, 0, 0}), FormatError);
}

TEST_CASE("contents survive a merge of batches with other name tables") {
  const std::vector<Bytes> batches{batch_of({{1, 5, 0, "{\"k\":\"v\"}", {3, 4}}}, false, {"b"}),
                                   batch_of({{2, 6, 0, "", {5, 6}}}, false, {"a", "b"})};
  const Bytes merged = merge_by_id(spans_of(batches), 10);
  PointBatchReader reader(merged);
  BatchPoint point;
  REQUIRE(reader.next(point));
  CHECK(point.version == 5);
  CHECK(point.payload == "{\"k\":\"v\"}");
  CHECK(reader.names()[point.vectors.at(0).name] == "b");
  CHECK(point.vectors.at(0).values() == std::vector<float>{3, 4});
  REQUIRE(reader.next(point));
  CHECK(reader.names()[point.vectors.at(0).name] == "b");
  CHECK(point.vectors.at(0).values() == std::vector<float>{5, 6});
  CHECK_FALSE(reader.next(point));
}

TEST_CASE("what enough replicas hold is agreed on, whatever its version") {
  const std::vector<Bytes> batches{batch_of({{3, 1}, {1, 1}, {2, 1, 0, "{\"a\":2}"}, {8}}),
                                   batch_of({{3, 7}, {2, 9}, {1, 5, 0, "{\"a\":1}", {1, 3}}}),
                                   batch_of({{5}, {2, 4}, {1, 2}, {3, 2}})};
  const auto agreed_ids = [&](std::size_t minimum, AgreedOrder order) { return ids_of(agreed(spans_of(batches), minimum, order)); };
  CHECK(agreed_ids(3, AgreedOrder::kId) == Ids{3});
  CHECK(agreed_ids(2, AgreedOrder::kId) == Ids{1, 2, 3});
  CHECK(agreed_ids(2, AgreedOrder::kScored) == Ids{3, 1, 2});
  CHECK(agreed_ids(1, AgreedOrder::kId) == Ids{1, 2, 3, 5, 8});
  CHECK(agreed_ids(4, AgreedOrder::kId) == Ids{});
  const Bytes two = agreed(spans_of(batches), 2, AgreedOrder::kId);
  PointBatchReader reader(two);
  BatchPoint point;
  REQUIRE(reader.next(point));
  CHECK(point.vectors.at(0).values() == std::vector<float>{1, 2});
  REQUIRE(reader.next(point));
  CHECK(point.payload == "{\"a\":1}");
}

TEST_CASE("a replica that names a point twice does not agree with itself") {
  const std::vector<Bytes> batches{batch_of({{1}, {1}}), batch_of({{2}})};
  CHECK(ids_of(agreed(spans_of(batches), 2, AgreedOrder::kId)).empty());
}

TEST_CASE("agreed hits are sorted by score, in the direction of the batches") {
  const Point a{1, 1, 0.5f};
  const Point b{2, 1, 0.7f};
  const Point c{3, 1, 0.1f};
  const Point other_score{3, 1, 0.2f};
  const std::vector<Bytes> similar{batch_of({b, c}, true), batch_of({b, a, c}, true), batch_of({a, other_score}, true)};
  CHECK(ids_of(agreed(spans_of(similar), 2, AgreedOrder::kScored)) == Ids{2, 1, 3});
  CHECK(ids_of(agreed(spans_of(similar), 2, AgreedOrder::kHigher)) == Ids{2, 1, 3});
  CHECK(ids_of(agreed(spans_of(similar), 2, AgreedOrder::kLower)) == Ids{3, 1, 2});
  CHECK(ids_of(agreed(spans_of(similar), 3, AgreedOrder::kScored)) == Ids{});
  const std::vector<Bytes> distant{batch_of({c, b}, true), batch_of({c, a, b}, true), batch_of({a}, true)};
  CHECK(ids_of(agreed(spans_of(distant), 2, AgreedOrder::kScored)) == Ids{3, 1, 2});
}

TEST_CASE("a payload's digest is of its value and not of its spelling") {
  const ContentDigest digest = digest_payload("{\"a\":1,\"b\":{\"c\":[1,2,{\"d\":null}],\"e\":\"f\"}}");
  CHECK(digest == digest_payload("{\"b\":{\"e\":\"f\",\"c\":[1,2,{\"d\":null}]},\"a\":1}"));
  CHECK(digest == digest_payload("{\"\\u0062\":{\"e\":\"f\",\"c\":[1,2,{\"d\":null}]},\"a\":1}"));
  CHECK(digest_payload("") == digest_payload("{}"));
  const char* const different[] = {"{\"a\":1,\"b\":{\"c\":[2,1,{\"d\":null}],\"e\":\"f\"}}",
                                   "{\"a\":1.0,\"b\":{\"c\":[1,2,{\"d\":null}],\"e\":\"f\"}}",
                                   "{\"a\":1,\"b\":{\"c\":[1,2,{\"d\":null}]}}",
                                   "{\"a\":1,\"b\":{\"c\":[1,2,[\"d\",null]],\"e\":\"f\"}}",
                                   "{\"b\":1,\"a\":{\"c\":[1,2,{\"d\":null}],\"e\":\"f\"}}",
                                   "{}", "{\"a\":{}}", "{\"a\":[]}", "{\"a\":[[]]}", "{\"a\":\"[]\"}"};
  std::vector<ContentDigest> digests{digest};
  for (const char* payload : different) {
    for (const ContentDigest& other : digests) CHECK(digest_payload(payload) != other);
    digests.push_back(digest_payload(payload));
  }
}

TEST_CASE("damaged and endless payloads are refused") {
  for (const char* damaged : {"{", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1", "{a:1}", "{\"a\":1,}", "[", "[1", "[1,]", "{\"a\":\"b}", "x"}) {
    CAPTURE(damaged);
    CHECK_THROWS_AS(digest_payload(damaged), FormatError);
  }
  CHECK_THROWS_AS(digest_payload(std::string(1u << 20, '[')), FormatError);
}

TEST_CASE("a point's digest is of its id, payload and vectors, in any order") {
  const auto two_vectors = [](bool swapped, std::vector<std::string> names, std::uint64_t version, float value) {
    PointBatchWriter writer({false, true, true}, names);
    writer.begin_point(PointId::of_number(1), version);
    writer.payload("{}");
    const std::vector<float> first{value, 2};
    if (swapped) writer.sparse(1, std::vector<std::uint32_t>{4}, std::vector<float>{1});
    writer.dense(0, first);
    if (!swapped) writer.sparse(1, std::vector<std::uint32_t>{4}, std::vector<float>{1});
    return digest_of(writer.take());
  };
  const ContentDigest digest = two_vectors(false, {"a", "b"}, 1, 1);
  CHECK(digest == two_vectors(true, {"a", "b"}, 2, 1));
  CHECK(digest != two_vectors(false, {"a", "c"}, 1, 1));
  CHECK(digest != two_vectors(false, {"b", "a"}, 1, 1));
  CHECK(digest != two_vectors(false, {"a", "b"}, 1, 3));
  CHECK(digest_of(batch_of({{1}})) != digest_of(batch_of({{2}})));
  CHECK(digest_of(batch_of({{1}})) != digest_of(batch_of({{1, 1, 0, "{\"a\":2}"}})));
  CHECK(digest_of(batch_of({{1}})) == digest_of(batch_of({{1, 9, 0.5f}}, true)));
}

TEST_CASE("merges of batches that are damaged or do not fit are refused") {
  std::vector<Bytes> batches{batch_of({{1}, {2}}), batch_of({{2}, {3}}, true)};
  CHECK_THROWS_AS(merge_by_id(spans_of(batches), 5), FormatError);
  CHECK_THROWS_AS(agreed(spans_of(batches), 1, AgreedOrder::kId), FormatError);
  batches = {batch_of({{1}, {2}}), batch_of({{2}, {3}})};
  std::mt19937 random(3);
  std::size_t refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::vector<Bytes> damaged = batches;
    Bytes& one = damaged[random() % 2];
    one[random() % one.size()] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0) one.resize(random() % one.size());
    for (const auto& work : {+[](const std::vector<Bytes>& b) { merge_by_id(spans_of(b), 10); },
                             +[](const std::vector<Bytes>& b) { order_by_ids(spans_of(b), block_of({2, 1})); },
                             +[](const std::vector<Bytes>& b) { agreed(spans_of(b), 2, AgreedOrder::kScored); }}) {
      try {
        work(damaged);
      } catch (const FormatError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 1000);
}
