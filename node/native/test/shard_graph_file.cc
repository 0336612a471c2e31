#include <doctest/doctest.h>

#include <random>

#include "codec/point_batch.h"
#include "test/shard_harness.h"

namespace vdb {

namespace {

constexpr uint32_t kFirst = 300;
constexpr uint32_t kLater = 60;

class Vectors {
 public:
  explicit Vectors(unsigned seed) : random_(seed) {}
  std::vector<float> next() {
    std::vector<float> values(12);
    for (float& value : values) value = std::uniform_real_distribution<float>(-1, 1)(random_);
    return values;
  }

 private:
  std::mt19937 random_;
};

void write_point(ShardHarness& harness, uint64_t id, const std::vector<float>& values) {
  UpsertPoints points;
  points.names = {""};
  points.points.push_back({PointId::of_number(id), 0, 1, ""});
  VectorView vector;
  vector.dimension = static_cast<uint32_t>(values.size());
  vector.value_bytes = {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
  points.vectors.push_back(vector);
  harness.write(points);
}

bool finds(ShardHarness& harness, uint64_t id, const std::vector<float>& values) {
  SearchQuery query;
  query.query = values;
  query.limit = 1;
  query.ef = 64;
  query.selection = {{0}, {0}};
  const auto batch = harness.shard().search(query);
  PointBatchReader reader(batch);
  BatchPoint point;
  return reader.next(point) && point.id == PointId::of_number(id);
}

}  // namespace

TEST_CASE("a graph file with rows that a power loss took back is not named for the rows that came in their place") {
  ShardHarness harness;
  Vectors before(1);
  for (uint64_t id = 0; id < kFirst; id++) write_point(harness, id, before.next());
  harness.wait_until_indexed();
  // The graph is written as it is then, with rows that the plan does not count.
  auto plan = harness.on_strand([&] { return harness.shard().plan_checkpoint(false); });
  REQUIRE(plan.has_value());
  const uint64_t planned = harness.log().last_sequence();
  for (uint64_t id = kFirst; id < kFirst + kLater; id++) write_point(harness, id, before.next());
  harness.wait_until_indexed();
  harness.shard().write_checkpoint(std::move(*plan));
  harness.crash(planned);

  Vectors after(2);
  std::vector<std::vector<float>> others;
  for (uint64_t id = kFirst; id < kFirst + kLater; id++) write_point(harness, id, others.emplace_back(after.next()));
  harness.wait_until_indexed();
  harness.shard().checkpoint();
  harness.crash();
  size_t found = 0;
  for (uint32_t i = 0; i < kLater; i++) found += finds(harness, kFirst + i, others[i]) ? 1 : 0;
  CHECK(found == kLater);
}

}  // namespace vdb
