// Every live row is found by its own vector: over the links, or scanned while it waits for them.
#include "test/graph_reach.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "test/graph_world.h"

using namespace vdb;

namespace {

const GraphOptions kSmall{.m = 8, .ef_construct = 32};
constexpr std::size_t kEf = 64;

void insert_all(Graph& graph) {
  while (graph.insert_some(64) > 0) continue;
}

/** The rows and the graph of a space through updates, restarts and vacuums. */
struct Life {
  explicit Life(unsigned seed)
      : spec{6 + seed % 3, Distance::kEuclid, RowType::kFloat32}, source(spec.dimension, seed, 5 + seed % 40) {
    rows = std::make_unique<RowSpace>(next_path(), spec);
    graph = std::make_unique<Graph>(*rows, kSmall);
  }

  void update(std::uint32_t count, std::uint32_t live) {
    for (std::uint32_t i = 0; i < count; i++) {
      rows->append(source.next(), rows->rows());
      if (rows->live_count() > live) retire_any();
    }
  }

  /** As after a crash: the checkpoint counted `limit` rows, the others were appended again. */
  void restart(std::uint32_t limit) {
    const auto bytes = saved(*graph);
    auto again = copy([](std::uint32_t) { return true; });
    for (std::uint32_t row = 0; row < again->rows(); row++)
      if (!rows->live(row)) again->retire(row);
    graph = Graph::load(*again, kSmall, bytes, limit);
    rows = std::move(again);
  }

  void vacuum() {
    std::vector<std::uint32_t> new_row(rows->rows(), Graph::kGone);
    std::uint32_t next = 0;
    for (std::uint32_t row = 0; row < rows->rows(); row++)
      if (rows->live(row)) new_row[row] = next++;
    auto kept = copy([&](std::uint32_t row) { return rows->live(row); });
    graph = Graph::remap(*graph, new_row, *kept, kSmall);
    rows = std::move(kept);
  }

  std::size_t live() const { return rows->live_count(); }
  std::size_t found() const {
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < rows->rows(); row++)
      if (rows->live(row) && finds(*rows, *graph, row, kEf)) count++;
    return count;
  }
  std::size_t reached() const {
    const Reach reach(*graph);
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < rows->rows(); row++)
      if (rows->live(row) && reach(row)) count++;
    return count;
  }

  std::string next_path() { return folder / std::to_string(files++); }
  std::unique_ptr<RowSpace> copy(const std::function<bool(std::uint32_t)>& keep) {
    auto to = std::make_unique<RowSpace>(next_path(), spec);
    std::vector<float> vector(spec.dimension);
    for (std::uint32_t row = 0; row < rows->rows(); row++) {
      if (!keep(row)) continue;
      rows->read(row, vector);
      to->append(vector, to->rows());
    }
    return to;
  }
  void retire_any() {
    for (;;) {
      const auto row = static_cast<std::uint32_t>(source.random()() % rows->rows());
      if (!rows->live(row)) continue;
      rows->retire(row);
      return;
    }
  }

  TemporaryDirectory folder;
  unsigned files = 0;
  RowSpec spec;
  Clustered source;
  std::unique_ptr<RowSpace> rows;
  std::unique_ptr<Graph> graph;
};

/** A life after a vacuum that leaves some rows waiting but does not build the graph anew. */
std::unique_ptr<Life> life_with_waiting_rows(std::uint32_t live) {
  auto life = std::make_unique<Life>(2);
  life->update(live, live);
  insert_all(*life->graph);
  life->update(live / 3, live);
  insert_all(*life->graph);
  life->vacuum();
  REQUIRE(life->graph->indexed_rows() == live);
  REQUIRE(life->graph->pending() > 20);
  REQUIRE(life->reached() + life->graph->pending() == live);
  return life;
}

}  // namespace

TEST_CASE("updates, restarts and vacuums leave every live row reachable, and found while it waits") {
  for (unsigned seed = 1; seed <= 12; seed++) {
    CAPTURE(seed);
    Life life(seed);
    for (unsigned step = 0; step < 9; step++) {
      life.update(60, 120);
      insert_all(*life.graph);
      life.graph->verify();
      REQUIRE(life.reached() == life.live());
      CHECK(life.found() == life.live());
      if (step % 3 == 1) life.restart(life.rows->rows() - step * 4);
      if (step % 3 == 2) life.vacuum();
      life.graph->verify();
      CHECK(life.found() == life.live());
      // Some go on with rows that still wait.
      life.graph->insert_some(seed % 2 == 0 ? 7 : 1000);
      life.graph->verify();
      CHECK(life.found() == life.live());
    }
  }
}

TEST_CASE("groups of equal vectors are reachable although their lists fill with each other") {
  World world({8, Distance::kEuclid, RowType::kFloat32}, 0, kSmall);
  std::vector<std::vector<float>> vectors;
  for (unsigned i = 0; i < 12; i++) vectors.push_back(world.source.next());
  for (std::uint32_t i = 0; i < 400; i++) world.rows.append(vectors[world.source.random()() % vectors.size()], i);
  insert_all(*world.graph);
  world.graph->verify();
  const Reach reach(*world.graph);
  for (std::uint32_t row = 0; row < 400; row++) REQUIRE(reach(row));
}

TEST_CASE("the smallest lists hold the tree, of equal vectors and of others, and of rows and walks of every kind") {
  for (const Distance distance : {Distance::kCosine, Distance::kDot, Distance::kEuclid, Distance::kManhattan})
    for (const bool equal : {false, true}) {
      CAPTURE(static_cast<int>(distance));
      CAPTURE(equal);
      const Change same = [](std::vector<float>& vector, std::uint32_t) { vector.assign(vector.size(), 0.5f); };
      World world({5, distance, RowType::kFloat32}, 700, {.m = 2, .ef_construct = 4}, equal ? same : Change{});
      insert_all(*world.graph);
      world.graph->verify();
      const Reach reach(*world.graph);
      for (std::uint32_t row = 0; row < 700; row++) REQUIRE(reach(row));
    }
}

TEST_CASE("rows that wait are found, with and without a filter") {
  const auto life = life_with_waiting_rows(900);
  CHECK(life->found() == life->live());
  const Reach reach(*life->graph);
  std::vector<float> vector(life->spec.dimension);
  for (std::uint32_t row = 0; row < 900; row++) {
    if (reach(row)) continue;
    life->rows->read(row, vector);
    const Query query = life->rows->prepare(vector);
    std::vector<std::uint64_t> words(15, ~std::uint64_t{0});
    SlotMask mask{words, 900};
    for (const Strategy strategy : {Strategy::kAuto, Strategy::kPassThrough, Strategy::kTwoHop})
      CHECK(life->graph->search(query, {.k = 1, .ef = kEf, .mask = &mask, .strategy = strategy}).front().distance ==
            life->rows->score_exact(query, row));
    words[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    mask.accepted = 899;
    for (const Hit& hit : life->graph->search(query, {.k = 10, .ef = kEf, .mask = &mask})) CHECK(hit.row != row);
    // A row that dies while it waits is gone.
    life->rows->retire(row);
    for (const Hit& hit : life->graph->search(query, {.k = 10, .ef = kEf})) CHECK(hit.row != row);
  }
}

TEST_CASE("rows that wait when the graph is saved wait again when it is loaded") {
  const auto life = life_with_waiting_rows(900);
  const std::size_t waiting = life->graph->pending();
  life->restart(900);
  life->graph->verify();
  CHECK(life->graph->indexed_rows() == 900);
  CHECK(life->graph->pending() >= waiting);
  CHECK(life->found() == life->live());
  insert_all(*life->graph);
  life->graph->verify();
  CHECK(life->reached() == life->live());
  CHECK(life->found() == life->live());
}

TEST_CASE("rows that wait when a vacuum comes are found in the next generation") {
  const auto life = life_with_waiting_rows(900);
  for (unsigned i = 0; i < 20; i++) life->retire_any();
  life->vacuum();
  life->graph->verify();
  CHECK(life->found() == life->live());
  insert_all(*life->graph);
  CHECK(life->reached() == life->live());
}

TEST_CASE("a row that had died when the graph was saved but lives at the checkpoint is found") {
  World world({8, Distance::kEuclid, RowType::kFloat32}, 300, kSmall);
  RowSpace before(world.folder / "before", world.rows.spec());
  std::vector<float> vector(8);
  for (std::uint32_t row = 0; row < 300; row++) {
    world.rows.read(row, vector);
    before.append(vector, row);
  }
  world.rows.retire(120);
  insert_all(*world.graph);
  const auto loaded = Graph::load(before, kSmall, saved(*world.graph), 300);
  loaded->verify();
  CHECK(finds(before, *loaded, 120, kEf));
  insert_all(*loaded);
  loaded->verify();
  CHECK(finds(before, *loaded, 120, kEf));
}

TEST_CASE("a graph whose rows choose their links again is neither saved nor carried over") {
  const Change far = [](std::vector<float>& vector, std::uint32_t) {
    for (float& value : vector) value += 300;
  };
  World world({64, Distance::kEuclid, RowType::kFloat32}, 600, {}, far);
  while (world.graph->walk() == Walk::kCodes) REQUIRE(world.graph->insert_some(1) == 1);
  CHECK(world.graph->pending() > 600 - 256);
  CHECK(world.graph->save([](std::span<const std::uint8_t>) {}) == 0);
  CHECK(Graph::load(world.rows, {}, saved(*world.graph), 600)->indexed_rows() == 0);
  std::vector<std::uint32_t> same(600);
  for (std::uint32_t row = 0; row < 600; row++) same[row] = row;
  CHECK(Graph::remap(*world.graph, same, world.rows, {})->indexed_rows() == 0);
  insert_all(*world.graph);
  world.graph->verify();
  CHECK(world.graph->save([](std::span<const std::uint8_t>) {}) == 600);
}

TEST_CASE("searches find every waiting row at any time while four inserters take them, saves included") {
  const auto life = life_with_waiting_rows(1500);
  const Reach reach(*life->graph);
  std::vector<std::uint32_t> waiting;
  for (std::uint32_t row = 0; row < 1500; row++)
    if (!reach(row)) waiting.push_back(row);
  std::atomic<unsigned> inserting{4};
  std::atomic<unsigned> lost{0};
  std::atomic<unsigned> broken{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; i++)
    threads.emplace_back([&] {
      while (life->graph->insert_some(1) > 0) std::this_thread::yield();
      inserting--;
    });
  threads.emplace_back([&] {
    while (inserting > 0) {
      try {
        Graph::load(*life->rows, kSmall, saved(*life->graph), 1500)->verify();
      } catch (const std::exception&) {
        broken++;
      }
    }
  });
  std::size_t searches = 0;
  do {
    const std::uint32_t row = waiting[searches++ % waiting.size()];
    if (!finds(*life->rows, *life->graph, row, kEf)) lost++;
  } while (inserting > 0 || searches < waiting.size());
  for (std::thread& thread : threads) thread.join();
  life->graph->verify();
  CHECK(broken == 0);
  CHECK(lost == 0);
  CHECK(life->reached() == 1500);
}
