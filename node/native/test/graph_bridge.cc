#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "io/bytes.h"
#include "rows/row_space.h"
#include "test/temporary_directory.h"

using namespace vdb;

namespace {

const RowSpec kSpec{2, Distance::kEuclid, RowType::kFloat32};
const GraphOptions kOptions{.m = 4, .ef_construct = 16};

/** Two groups of three rows, each linked among themselves, and row 6 that leads from one to the other. */
const std::vector<std::vector<float>> kVectors{{0, 0}, {0, 1}, {1, 0}, {9, 9}, {9, 8}, {8, 9}, {5, 5}};
const std::vector<std::vector<uint32_t>> kLinks{{1, 2, 6}, {0, 2}, {0, 1}, {4, 5, 6}, {3, 5}, {3, 4}, {0, 3}};

/** The links as a graph file (docs/internals/storage.md). */
std::vector<uint8_t> graph_file() {
  ByteWriter out;
  out.raw(std::string_view("VGRF"));
  out.u16(1);
  out.u16(static_cast<uint16_t>(kOptions.m));
  out.u32(static_cast<uint32_t>(kLinks.size()));
  out.u32(0);
  out.f32(1);
  out.u8(0);
  for (size_t row = 0; row < kLinks.size(); row++) out.u8(1);
  for (const auto& links : kLinks) {
    out.u16(static_cast<uint16_t>(links.size()));
    out.u32s(links);
  }
  return out.take();
}

}  // namespace

TEST_CASE("a vacuum that drops the bridge between two groups leaves both reachable") {
  TemporaryDirectory folder;
  RowSpace rows(folder / "rows", kSpec);
  for (const auto& vector : kVectors) rows.append(vector, rows.rows());
  const auto graph = Graph::load(rows, kOptions, graph_file(), rows.rows());
  RowSpace kept(folder / "kept", kSpec);
  for (size_t row = 0; row < 6; row++) kept.append(kVectors[row], kept.rows());
  const auto next = Graph::remap(*graph, std::vector<uint32_t>{0, 1, 2, 3, 4, 5, Graph::kGone}, kept, kOptions);
  while (next->insert_some(64) > 0) continue;
  next->verify();
  CHECK(next->search(kept.prepare(kVectors[0]), {.k = 6, .ef = 16}).size() == 6);
  CHECK(next->search(kept.prepare(kVectors[4]), {.k = 1, .ef = 16}).front().row == 4);
}
