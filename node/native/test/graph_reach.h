#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/scan.h"
#include "io/bytes.h"
#include "rows/row_space.h"

namespace vdb {

inline std::vector<std::uint8_t> saved(const Graph& graph) {
  std::vector<std::uint8_t> bytes;
  graph.save([&](std::span<const std::uint8_t> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

/** Which rows a walk from the entry can come to and which can come to it, on the lowest level, by what the graph saves. */
class Reach {
 public:
  explicit Reach(const Graph& graph) {
    const auto bytes = saved(graph);
    ByteReader in(bytes);
    in.raw(8);
    const std::uint32_t rows = in.u32();
    const std::uint32_t entry = in.u32();
    in.raw(5);
    const auto levels = in.raw(rows);
    Lists forward(rows);
    Lists backward(rows);
    for (std::uint32_t row = 0; row < rows; row++)
      for (unsigned level = 0; level < levels[row]; level++) {
        std::vector<std::uint32_t> links(in.u16());
        in.u32s(links);
        if (level > 0) continue;
        for (const std::uint32_t to : links) backward[to].push_back(row);
        forward[row] = std::move(links);
      }
    from_entry_ = reached(forward, entry);
    to_entry_ = reached(backward, entry);
  }
  bool operator()(std::uint32_t row) const { return row < from_entry_.size() && from_entry_[row] && to_entry_[row]; }
  bool from_entry(std::uint32_t row) const { return row < from_entry_.size() && from_entry_[row]; }

 private:
  using Lists = std::vector<std::vector<std::uint32_t>>;

  static std::vector<bool> reached(const Lists& lists, std::uint32_t entry) {
    std::vector<bool> seen(lists.size());
    if (entry >= lists.size()) return seen;
    std::vector<std::uint32_t> frontier{entry};
    seen[entry] = true;
    while (!frontier.empty()) {
      const std::uint32_t row = frontier.back();
      frontier.pop_back();
      for (const std::uint32_t to : lists[row])
        if (!seen[to]) {
          seen[to] = true;
          frontier.push_back(to);
        }
    }
    return seen;
  }

  std::vector<bool> from_entry_;
  std::vector<bool> to_entry_;
};

/** Whether a search for the row's own vector finds something as near as the row itself, as a shard searches. */
inline bool finds(const RowSpace& rows, const Graph& graph, std::uint32_t row, std::size_t ef) {
  std::vector<float> vector(rows.spec().dimension);
  rows.read(row, vector);
  const Query query = rows.prepare(vector);
  const std::uint32_t watermark = graph.indexed_rows();
  const auto walked = graph.search(query, {.k = 3, .ef = ef});
  const auto tail = scan_rows(rows, query, watermark, rows.rows(), nullptr, 3, Precision::kExact);
  const auto hits = merge_hits(walked, tail, 3);
  return !hits.empty() && hits.front().distance <= rows.score_exact(query, row);
}

}  // namespace vdb
