// The graph alone on WordNet: build time with two inserters, recall@10 and searches/s of one thread,
// filtered searches, memory. Reads WORDNET_DIR; see docs/internals/performance.md for results.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "graph/graph.h"
#include "graph/scan.h"
#include "io/file.h"

using namespace vdb;

namespace {

constexpr std::uint32_t kDimension = 384;
constexpr std::size_t kNearest = 10;
constexpr std::size_t kNeighborsPerQuery = 100;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<float> read_halves(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  std::vector<float> values(bytes.size() / 2);
  kernels().f16_to_f32(reinterpret_cast<const std::uint16_t*>(bytes.data()), values.size(), values.data());
  return values;
}

std::vector<std::int32_t> read_neighbors(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  std::vector<std::int32_t> values(bytes.size() / 4);
  std::copy_n(bytes.data(), values.size() * 4, reinterpret_cast<std::uint8_t*>(values.data()));
  return values;
}

double build(Graph& graph, unsigned threads) {
  const double start = now();
  std::vector<std::thread> inserters;
  for (unsigned i = 0; i < threads; i++)
    inserters.emplace_back([&] {
      while (graph.insert_some(64) > 0) continue;
    });
  for (std::thread& inserter : inserters) inserter.join();
  return now() - start;
}

std::size_t common(const std::vector<Hit>& hits, const std::vector<Hit>& exact) {
  std::size_t found = 0;
  for (const Hit& hit : hits) found += hit.distance <= exact.back().distance ? 1 : 0;
  return found;
}

void unfiltered(const Graph& graph, const std::vector<Query>& queries, const std::vector<std::int32_t>& neighbors) {
  for (const std::size_t ef : {32u, 48u, 64u, 100u, 128u, 256u}) {
    std::size_t found = 0;
    const double start = now();
    for (std::size_t q = 0; q < queries.size(); q++) {
      const auto hits = graph.search(queries[q], {.k = kNearest, .ef = ef});
      const auto* exact = &neighbors[q * kNeighborsPerQuery];
      for (const Hit& hit : hits)
        found += std::find(exact, exact + kNearest, static_cast<std::int32_t>(hit.row)) != exact + kNearest ? 1 : 0;
    }
    const double seconds = now() - start;
    std::printf("  ef %3zu  recall@10 %.4f  %7.0f searches/s\n", ef,
                static_cast<double>(found) / static_cast<double>(kNearest * queries.size()),
                static_cast<double>(queries.size()) / seconds);
  }
}

struct Filter {
  const char* name;
  SlotMask mask;
};

void filtered(const RowSpace& rows, const Graph& graph, const std::vector<Query>& queries, const Filter& filter) {
  std::vector<std::vector<Hit>> exact;
  const std::size_t some = std::min<std::size_t>(queries.size(), 200);
  for (std::size_t q = 0; q < some; q++)
    exact.push_back(scan_rows(rows, queries[q], 0, rows.rows(), &filter.mask, kNearest, Precision::kExact));
  const auto run = [&](const char* way, auto&& search) {
    std::size_t found = 0;
    std::size_t wanted = 0;
    const double start = now();
    for (std::size_t q = 0; q < some; q++) {
      found += common(search(queries[q]), exact[q]);
      wanted += exact[q].size();
    }
    std::printf("  %-16s %-13s recall@10 %.4f  %7.0f searches/s\n", filter.name, way,
                static_cast<double>(found) / static_cast<double>(wanted), static_cast<double>(some) / (now() - start));
  };
  const auto walk = [&](Strategy strategy) {
    return [&, strategy](const Query& query) {
      return graph.search(query, {.k = kNearest, .ef = 64, .mask = &filter.mask, .strategy = strategy});
    };
  };
  run("auto", walk(Strategy::kAuto));
  run("pass through", walk(Strategy::kPassThrough));
  run("two hops", walk(Strategy::kTwoHop));
  run("scan", [&](const Query& query) {
    return scan_rows(rows, query, 0, rows.rows(), &filter.mask, kNearest, Precision::kCodes);
  });
}

/** Accepts `share` of the rows: by hash, or those nearest to or farthest from a row. */
std::vector<std::uint64_t> accept(const RowSpace& rows, double share, int order) {
  std::vector<std::uint64_t> words((rows.rows() + 63) / 64);
  const auto set = [&](std::uint32_t row) { words[row / 64] |= std::uint64_t{1} << (row % 64); };
  const auto wanted = static_cast<std::size_t>(share * rows.rows());
  if (order == 0) {
    for (std::uint32_t row = 0; row < rows.rows(); row++)
      if ((row * 2654435761u) < share * 4294967296.0) set(row);
    return words;
  }
  std::vector<float> center(kDimension);
  rows.read(4242, center);
  const auto sorted = scan_rows(rows, rows.prepare(center), 0, rows.rows(), nullptr, rows.rows(), Precision::kExact);
  for (std::size_t i = 0; i < wanted; i++) set(order > 0 ? sorted[i].row : sorted[sorted.size() - 1 - i].row);
  return words;
}

}  // namespace

int main() {
  const char* folder = std::getenv("WORDNET_DIR");
  if (folder == nullptr) {
    std::puts("skipped: WORDNET_DIR does not name the folder of the WordNet vectors");
    return 0;
  }
  const std::string data = folder;
  const std::vector<float> vectors = read_halves(data + "/vectors.f16");
  const std::vector<float> query_vectors = read_halves(data + "/queries.f16");
  const std::vector<std::int32_t> neighbors = read_neighbors(data + "/neighbors.i32");
  char scratch[] = "/tmp/graph_bench.XXXXXX";
  const std::string directory = mkdtemp(scratch);
  {
    RowSpace rows(directory + "/rows.0.f32", {kDimension, Distance::kCosine, RowType::kFloat32});
    const auto count = static_cast<std::uint32_t>(vectors.size() / kDimension);
    const double start = now();
    std::vector<std::uint32_t> slots;
    for (std::uint32_t row = 0; row < count; row += 100) {
      slots.clear();
      for (std::uint32_t slot = row; slot < std::min(count, row + 100); slot++) slots.push_back(slot);
      rows.append_rows(std::span(vectors).subspan(std::size_t{row} * kDimension, slots.size() * kDimension), slots);
    }
    std::printf("%u rows x %u, kernels %s, append %.2f s\n", count, kDimension, std::string(kernels().name).c_str(),
                now() - start);
    std::vector<Query> queries;
    for (std::size_t q = 0; q * kDimension < query_vectors.size(); q++)
      queries.push_back(rows.prepare(std::span(query_vectors).subspan(q * kDimension, kDimension)));
    for (const Walk walk : {Walk::kCodes, Walk::kRows}) {
      Graph graph(rows, {.m = 16, .ef_construct = 100, .walk = walk});
      std::printf("on %s: ", walk == Walk::kCodes ? "codes" : "rows");
      std::fflush(stdout);
      const double seconds = build(graph, 2);
      std::printf("built in %.1f s by two inserters, code overlap %.3f, graph %.1f MiB, codes %.1f MiB\n", seconds,
                  static_cast<double>(graph.code_overlap()), static_cast<double>(graph.memory_bytes()) / 1048576.0,
                  static_cast<double>(rows.memory_bytes()) / 1048576.0);
      unfiltered(graph, queries, neighbors);
      if (walk != Walk::kCodes) continue;
      for (const double share : {0.01, 0.1, 0.5})
        for (const int order : {0, 1, -1}) {
          const auto words = accept(rows, share, order);
          std::size_t accepted = 0;
          for (const std::uint64_t word : words) accepted += static_cast<std::size_t>(std::popcount(word));
          char name[32];
          std::snprintf(name, sizeof name, "%s %.0f %%", order == 0 ? "random" : order > 0 ? "near" : "far", share * 100);
          filtered(rows, graph, queries, {name, {words, accepted}});
        }
    }
  }
  remove_directory(directory);
  return 0;
}
