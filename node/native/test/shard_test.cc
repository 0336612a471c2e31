#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "io/file.h"
#include "shard/atomic_bits.h"
#include "shard/manifest.h"
#include "test/shard_harness.h"
#include "test/shard_model.h"

namespace vdb {

namespace {

const Selection kEverything{{1}, {1}};
const Selection kIdsOnly{{0}, {0}};

/** The filter program "an integer at `path` is `value`". */
std::vector<uint8_t> equals(const std::string& path, int value) {
  ByteWriter out;
  out.u8(0x11);
  out.string(path);
  out.u32(1);
  out.number(Number(int64_t{value}));
  return out.take();
}

Model all_points(Shard& shard) {
  Model found;
  ScrollQuery query;
  query.limit = 7;
  query.selection = kEverything;
  std::optional<PointId> before;
  for (;;) {
    const ScrollPage page = shard.scroll(query);
    for (auto& [id, point] : points_of(page.points)) {
      if (before.has_value()) CHECK(*before < id);
      before = id;
      found.emplace(id, std::move(point));
    }
    if (!page.next.has_value()) return found;
    query.from = page.next;
  }
}

float distance_to(const std::vector<float>& query, const ModelPoint& point) {
  float sum = 0;
  const auto& values = point.vectors.at("").values;
  for (size_t i = 0; i < query.size(); i++) sum += (query[i] - values[i]) * (query[i] - values[i]);
  return std::sqrt(sum);
}

std::vector<float> nearest_distances(const Model& model, const std::vector<float>& query, size_t limit,
                                     std::optional<std::pair<std::string, int>> filter) {
  std::vector<float> distances;
  for (const auto& [id, point] : model) {
    if (!point.vectors.contains("")) continue;
    if (filter.has_value()) {
      const auto value = point.payload.find(filter->first);
      if (value == point.payload.end() || value->second != filter->second) continue;
    }
    distances.push_back(distance_to(query, point));
  }
  std::sort(distances.begin(), distances.end());
  distances.resize(std::min(limit, distances.size()));
  return distances;
}

std::vector<float> scores_of(std::span<const uint8_t> batch) {
  std::vector<float> scores;
  PointBatchReader reader(batch);
  BatchPoint point;
  while (reader.next(point)) scores.push_back(point.score);
  return scores;
}

SearchQuery search_for(std::vector<float> vector, size_t limit, bool exact) {
  SearchQuery query;
  query.query = std::move(vector);
  query.limit = limit;
  query.ef = 64;
  query.exact = exact;
  query.selection = kIdsOnly;
  return query;
}

/** How many of the nearest points walks found: of some rows of a small graph all neighbours prefer others. */
struct WalkRecall {
  size_t found = 0;
  size_t wanted = 0;

  double value() const { return wanted == 0 ? 1 : static_cast<double>(found) / static_cast<double>(wanted); }
};

void check_search(Shard& shard, ModelWriter& writer, std::optional<std::pair<std::string, int>> filter, bool exact,
                  WalkRecall& recall) {
  SearchQuery query = search_for(writer.random_values(12), 5, exact);
  if (filter.has_value()) query.filter = equals(filter->first, filter->second);
  const auto expected = nearest_distances(writer.points, query.query, 5, filter);
  const auto found = scores_of(shard.search(query));
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); i++) {
    if (exact) CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-4));
    if (!exact && found[i] <= expected.back() * 1.0001F) recall.found++;
  }
  if (!exact) recall.wanted += expected.size();
}

/** Over all checks of the program so far. */
WalkRecall total_recall;

void check_against_model(ShardHarness& harness, ModelWriter& writer) {
  WalkRecall recall;
  Shard& shard = harness.shard();
  const Model found = all_points(shard);
  REQUIRE(found.size() == writer.points.size());
  CHECK(found == writer.points);
  for (const char* path : {"a", "b", "c"}) {
    const int value = static_cast<int>(writer.pick(6));
    const auto matches = std::count_if(writer.points.begin(), writer.points.end(), [&](const auto& entry) {
      const auto at = entry.second.payload.find(path);
      return at != entry.second.payload.end() && at->second == value;
    });
    CHECK(shard.count(equals(path, value), true) == static_cast<uint64_t>(matches));
    check_search(shard, writer, std::pair<std::string, int>{path, value}, true, recall);
    check_search(shard, writer, std::pair<std::string, int>{path, value}, false, recall);
  }
  check_search(shard, writer, std::nullopt, true, recall);
  check_search(shard, writer, std::nullopt, false, recall);
  CHECK(recall.value() >= 0.6);
  total_recall.found += recall.found;
  total_recall.wanted += recall.wanted;
  const ShardInfo info = shard.info();
  CHECK(info.points == writer.points.size());
  const auto dense = std::count_if(writer.points.begin(), writer.points.end(),
                                   [](const auto& entry) { return entry.second.vectors.contains(""); });
  CHECK(info.vectors[0].count == static_cast<uint64_t>(dense));
  CHECK(info.field_indexes.size() == writer.indexes.size());
}

void write_some(ShardHarness& harness, ModelWriter& writer, int operations) {
  for (int i = 0; i < operations; i++) harness.write_bytes(writer.next(harness.log().last_sequence() + 1));
}

}  // namespace

TEST_CASE("bits that are read while they grow") {
  AtomicBits bits;
  for (const uint32_t index : {0U, 63U, 64U, 1023U, 1024U, 3071U, 3072U, 100'000U}) {
    CHECK_FALSE(bits.test(index));
    bits.set(index);
    CHECK(bits.test(index));
  }
  const auto words = bits.words(100'001);
  CHECK((words[3072 / 64] & 1) == 1);
  CHECK((words[100'000 / 64] >> (100'000 % 64) & 1) == 1);
  bits.clear(1024);
  CHECK_FALSE(bits.test(1024));
  CHECK_FALSE(bits.test(UINT32_MAX));
}

TEST_CASE("a manifest survives the way to disk and back, and no damage passes") {
  Manifest manifest;
  manifest.collection = uint64_t{1} << 60;
  manifest.shard = 2;
  manifest.generation = 3;
  manifest.sequence = 99;
  manifest.slots = 10;
  manifest.live = 9;
  manifest.slots_file = {"slots.99", 0xfedcba98};
  manifest.fields_file = {"fields.99", 1};
  manifest.vectors = {{0, 10, "rows.0.f32", ManifestGraph{{"graph.0.99", 5}, 8}}, {1, 0, "", std::nullopt}};
  manifest.newest_clocks = {{1, 2, 3}};
  const std::string text = encode_manifest(manifest);
  const Manifest back = decode_manifest(text, "manifest");
  CHECK(encode_manifest(back) == text);
  CHECK(back.newest_clocks == manifest.newest_clocks);
  CHECK(back.vectors[0].graph->rows == 8);
  for (size_t i = 0; i < text.size(); i++) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_THROWS_AS(decode_manifest(damaged, "manifest"), FormatError);
    CHECK_THROWS_AS(decode_manifest(text.substr(0, i), "manifest"), FormatError);
  }
}

TEST_CASE("random operations, reopened, crashed, checkpointed and vacuumed, against a model") {
  for (const uint32_t seed : {1U, 2U, 3U}) {
    CAPTURE(seed);
    ShardHarness harness;
    ModelWriter writer(seed, 400);
    for (int round = 0; round < 24; round++) {
      CAPTURE(round);
      write_some(harness, writer, 10 + static_cast<int>(writer.pick(40)));
      switch (writer.pick(6)) {
        case 0: harness.reopen(); break;
        case 1: harness.crash(); break;
        case 2: harness.shard().checkpoint(); break;
        case 3: harness.shard().vacuum(0.05, 5); break;
        case 4:
          harness.shard().checkpoint();
          write_some(harness, writer, 12);
          harness.crash();
          break;
        default: harness.wait_until_indexed(); break;
      }
      check_against_model(harness, writer);
    }
  }
  CHECK(total_recall.value() >= 0.97);
}

TEST_CASE("ids that do not exist are reported where the original does, and the others are done") {
  ShardHarness harness;
  UpsertPoints upsert;
  upsert.points = {{PointId::of_number(1), 0, 0, "{\"a\":1}"}};
  CHECK_FALSE(harness.write(upsert).missing.has_value());
  const std::vector<PointId> ids{PointId::of_number(5), PointId::of_number(1)};
  const PointId missing = PointId::of_number(5);
  CHECK(harness.write(SetPayload{ids, std::nullopt, "{\"b\":2}"}).missing == missing);
  CHECK(points_of(harness.shard().retrieve([&] {
          ByteWriter out;
          out.ids(ids);
          return out.take();
        }(), kEverything)).at(0).second.payload == ModelPayload{{"a", 1}, {"b", 2}});
  CHECK(harness.write(OverwritePayload{ids, "{\"c\":3}"}).missing == missing);
  CHECK(harness.write(DeletePayloadKeys{ids, {JsonPath::require("c")}}).missing == missing);
  CHECK(harness.write(ClearPayload{ids}).missing == missing);
  CHECK(harness.write(DeleteVectors{ids, {""}}).missing == missing);
  CHECK_FALSE(harness.write(DeletePoints{ids}).missing.has_value());
  CHECK(harness.shard().info().points == 0);
}

TEST_CASE("an operation that does not fit is refused, keeps its sequence and is passed again by replay") {
  ShardHarness harness;
  ModelWriter writer(9, 50);
  write_some(harness, writer, 5);
  CHECK_THROWS_AS(harness.write(DeleteVectors{{PointId::of_number(1)}, {"unknown"}}), BadRequest);
  CHECK_THROWS_AS(harness.write_bytes({1, 99}), BadRequest);
  write_some(harness, writer, 5);
  check_against_model(harness, writer);
  harness.crash();
  check_against_model(harness, writer);
  CHECK_THROWS_AS(harness.on_strand([&] { return harness.shard().apply(1, writer.next(1)); }), BadRequest);
}

TEST_CASE("operations that the log lost and RocksDB kept leave indexes and payloads in agreement") {
  ShardHarness harness;
  ModelWriter writer(12, 100);
  harness.write(CreateFieldIndex{JsonPath::require("a"), 2, ""});
  write_some(harness, writer, 30);
  harness.shard().checkpoint();
  write_some(harness, writer, 60);
  const uint64_t kept = harness.log().last_sequence() - 25;
  harness.crash(kept);
  const auto check = [&] {
    CHECK(harness.shard().info().sequence == kept);
    const Model points = all_points(harness.shard());
    for (int value = 0; value < 6; value++) {
      const auto matches = std::count_if(points.begin(), points.end(), [&](const auto& entry) {
        const auto at = entry.second.payload.find("a");
        return at != entry.second.payload.end() && at->second == value;
      });
      CHECK(harness.shard().count(equals("a", value), true) == static_cast<uint64_t>(matches));
    }
  };
  check();
  harness.crash();
  check();
}

TEST_CASE("the next checkpoint replaces the files of the last, and the log gives back what it covers") {
  ShardHarness harness;
  ModelWriter writer(4, 300);
  for (int i = 0; i < 5; i++) {
    write_some(harness, writer, 60);
    harness.wait_until_indexed();
    harness.shard().checkpoint();
    CHECK(harness.shard().info().checkpoint_sequence == harness.log().last_sequence());
  }
  const auto names = list_directory(harness.directory() + "/segments/0");
  CHECK(std::count_if(names.begin(), names.end(), [](const auto& name) { return name.starts_with("slots."); }) == 1);
  CHECK(std::count_if(names.begin(), names.end(), [](const auto& name) { return name.starts_with("graph."); }) == 1);
}

TEST_CASE("another collection's folder is refused, and so is a log that lacks what the checkpoint has") {
  const TemporaryDirectory root;
  const auto pool = std::make_shared<ThreadPool>(1);
  const auto store = Store::open(root / "rocksdb", {});
  {
    auto log = Log::open(root / "wal", {});
    auto shard = Shard::open({root / "shard", 7, 0, test_schema(), pool, store, log});
    const auto bytes = encode_operation({}, CreateFieldIndex{JsonPath::require("a"), 1, ""});
    const uint64_t sequence = log->append(bytes);
    log->wait_durable(sequence);
    shard->apply(sequence, bytes);
    shard->close();
    CHECK_THROWS_AS(Shard::open({root / "shard", 8, 0, test_schema(), pool, store, log}), FormatError);
    log->close();
  }
  auto other = Log::open(root / "other-wal", {});
  CHECK_THROWS_AS(Shard::open({root / "shard", 7, 0, test_schema(), pool, store, other}), FormatError);
  other->close();
  store->close();
}

TEST_CASE("what a vacuum that died left behind is deleted when the shard is opened") {
  ShardHarness harness;
  ModelWriter writer(5, 100);
  write_some(harness, writer, 30);
  harness.shard().checkpoint();
  create_directories(harness.directory() + "/segments/1");
  write_file_atomic(harness.directory() + "/segments/1/rows.0.f32", std::string_view("half"));
  write_file_atomic(harness.directory() + "/segments/0/slots.1", std::string_view("half"));
  harness.crash();
  CHECK_FALSE(path_exists(harness.directory() + "/segments/1"));
  CHECK_FALSE(path_exists(harness.directory() + "/segments/0/slots.1"));
  check_against_model(harness, writer);
}

TEST_CASE("searches and scrolls run while operations are applied and generations are swapped") {
  ShardHarness harness(test_schema(), 3);
  ModelWriter writer(6, 300);
  write_some(harness, writer, 200);
  // These are in every generation and no operation names them.
  UpsertPoints fixed;
  ByteWriter values;
  ModelWriter vectors(7, 1);
  std::vector<std::vector<float>> fixed_vectors;
  std::vector<std::vector<uint8_t>> kept;
  fixed.names = {""};
  for (uint32_t i = 0; i < 20; i++) {
    fixed_vectors.push_back(vectors.random_values(12));
    ByteWriter bytes;
    bytes.f32s(fixed_vectors.back());
    kept.push_back(bytes.take());
  }
  for (uint32_t i = 0; i < 20; i++) {
    fixed.points.push_back({PointId::of_number(10'000 + i), i, 1, "{\"fixed\":1}"});
    fixed.vectors.push_back({0, VectorForm::kDense, 1, 12, kept[i], {}});
  }
  harness.write(fixed);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> searches{0};
  std::array<std::atomic<uint64_t>, 4> lost{};
  std::vector<std::thread> readers;
  for (uint32_t reader = 0; reader < 3; reader++) {
    readers.emplace_back([&, reader] {
      for (uint32_t i = reader; !stop.load(); i++) {
        SearchQuery query = search_for(fixed_vectors[i % 20], 1, reader == 1);
        if (reader == 2) query.filter = equals("fixed", 1);
        const auto scores = scores_of(harness.shard().search(query));
        if (scores.empty() || scores[0] > 0.01F) lost[reader].fetch_add(1);
        ByteWriter ids;
        ids.ids(std::vector<PointId>{PointId::of_number(10'000 + i % 20)});
        const auto points = points_of(harness.shard().retrieve(ids.view(), kEverything));
        if (points.size() != 1 || points[0].second.payload != ModelPayload{{"fixed", 1}}) lost[3].fetch_add(1);
        searches.fetch_add(1);
      }
    });
  }
  std::thread vacuums([&] {
    while (!stop.load()) {
      harness.shard().vacuum(0.01, 1);
      harness.shard().checkpoint();
    }
  });
  write_some(harness, writer, 600);
  while (searches.load() < 200) std::this_thread::yield();
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  vacuums.join();
  // Reader 0 walks the graph, which may hold a row that no other links to; the others are exact.
  CHECK(lost[0].load() * 20 <= searches.load());
  CHECK(lost[1].load() == 0);
  CHECK(lost[2].load() == 0);
  CHECK(lost[3].load() == 0);
  CHECK(harness.shard().info().generation > 0);
  for (uint32_t i = 0; i < 20; i++) harness.write(DeletePoints{{PointId::of_number(10'000 + i)}});
  check_against_model(harness, writer);
  harness.reopen();
  check_against_model(harness, writer);
}

TEST_CASE("changed graph parameters build the graph anew, and m = 0 does without") {
  ShardHarness harness;
  ModelWriter writer(8, 500);
  write_some(harness, writer, 200);
  harness.wait_until_indexed();
  CHECK(harness.shard().info().vectors[0].graph_active);
  harness.schema().vectors[0].m = 0;
  harness.on_strand([&] { return harness.shard().update_schema(harness.schema()), 0; });
  CHECK_FALSE(harness.shard().info().vectors[0].graph_active);
  check_against_model(harness, writer);
  harness.schema().vectors[0].m = 12;
  harness.on_strand([&] { return harness.shard().update_schema(harness.schema()), 0; });
  harness.wait_until_indexed();
  CHECK(harness.shard().info().vectors[0].graph_active);
  harness.reopen();
  check_against_model(harness, writer);
  ShardSchema other = harness.schema();
  other.vectors[0].dimension = 13;
  CHECK_THROWS_AS(harness.on_strand([&] { return harness.shard().update_schema(other), 0; }), BadRequest);
}

TEST_CASE("recall after replacing all points in ten rounds is that of a fresh graph") {
  constexpr uint32_t kPoints = 1500;
  ModelWriter vectors(10, 1);
  const auto write_points = [&](ShardHarness& harness, uint32_t step) {
    for (uint32_t first = 0; first < kPoints; first += 100 * step) {
      UpsertPoints upsert;
      upsert.names = {""};
      std::vector<std::vector<uint8_t>> kept;
      for (uint32_t id = first; id < std::min(first + 100 * step, kPoints); id += step) {
        ByteWriter bytes;
        bytes.f32s(vectors.random_values(12));
        kept.push_back(bytes.take());
        upsert.points.push_back({PointId::of_number(id), static_cast<uint32_t>(kept.size() - 1), 1, ""});
      }
      for (const auto& bytes : kept) upsert.vectors.push_back({0, VectorForm::kDense, 1, 12, bytes, {}});
      harness.write(upsert);
    }
  };
  const auto recall = [&](ShardHarness& harness) {
    harness.wait_until_indexed();
    size_t found = 0;
    for (int i = 0; i < 100; i++) {
      SearchQuery query = search_for(vectors.random_values(12), 10, true);
      const auto exact = scores_of(harness.shard().search(query));
      query.exact = false;
      for (const float score : scores_of(harness.shard().search(query))) found += score <= exact.back() * 1.00001F ? 1 : 0;
    }
    return static_cast<double>(found) / 1000;
  };
  ShardHarness fresh;
  write_points(fresh, 1);
  ShardHarness replaced;
  write_points(replaced, 1);
  for (uint32_t round = 0; round < 10; round++) {
    // All points, or one in three, which leaves most links; vacuumed before and after they are in the graph.
    write_points(replaced, round % 2 == 0 ? 1 : 3);
    if (round % 3 == 0) replaced.wait_until_indexed();
    CHECK(replaced.shard().vacuum(0.2, 100));
  }
  CHECK(replaced.shard().info().vectors[0].rows == kPoints);
  CHECK(replaced.shard().info().vectors[0].graph_active);
  CHECK(recall(replaced) >= recall(fresh) - 0.01);
}

TEST_CASE("a closed shard answers that it is closed") {
  ShardHarness harness;
  harness.shard().close();
  CHECK_THROWS_AS(harness.shard().info(), Closed);
  CHECK_THROWS_AS(harness.shard().search(search_for(std::vector<float>(12), 1, false)), Closed);
  CHECK_THROWS_AS(harness.on_strand([&] { return harness.shard().apply(1, {}); }), Closed);
  CHECK_THROWS_AS(harness.shard().checkpoint(), Closed);
}

}  // namespace vdb
