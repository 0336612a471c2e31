#include <doctest/doctest.h>

#include "test/shard_harness.h"
#include "test/shard_model.h"

namespace vdb {

TEST_CASE("points are retrieved in the order of their ids in the request, each once") {
  ShardHarness harness;
  UpsertPoints points;
  for (uint64_t id = 1; id <= 3; id++) points.points.push_back({PointId::of_number(id), 0, 0, "{\"a\":1}"});
  harness.write(points);
  ByteWriter ids;
  std::vector<PointId> wanted;
  for (const uint64_t id : {3, 9, 1, 3, 3}) wanted.push_back(PointId::of_number(id));
  ids.ids(wanted);
  const auto found = points_of(harness.shard().retrieve(ids.view(), {{1}, {1}}));
  REQUIRE(found.size() == 2);
  CHECK(found[0].first == PointId::of_number(3));
  CHECK(found[1].first == PointId::of_number(1));
}

}  // namespace vdb
