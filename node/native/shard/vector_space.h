// Everything that a generation has under one vector name: rows, the slots they belong to, and the
// graph over them once there are enough.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "io/bytes.h"
#include "rows/row_space.h"
#include "shard/manifest.h"
#include "shard/row_table.h"
#include "shard/schema.h"
#include "shard/slots.h"

namespace vdb {

class VectorSpace {
 public:
  VectorSpace(uint16_t index, VectorSchema schema, const std::string& directory);
  VectorSpace(const VectorSpace&) = delete;
  VectorSpace& operator=(const VectorSpace&) = delete;

  uint16_t index() const noexcept { return index_; }
  const VectorSchema& schema() const noexcept { return schema_; }
  /** Sparse vectors live in RocksDB; their table only says which slots have one. */
  bool has_rows() const noexcept { return schema_.kind != VectorKind::kSparse; }
  RowSpace& rows() { return *rows_; }
  const RowSpace& rows() const { return *rows_; }
  RowTable& table() noexcept { return table_; }
  const RowTable& table() const noexcept { return table_; }

  /** Live points that have this vector. */
  uint32_t live() const noexcept { return live_.load(std::memory_order_relaxed); }
  /** Goes up before a row of a living point is retired, so that a search can tell that its list of rows got old. */
  uint64_t replacements() const noexcept { return replacements_.load(std::memory_order_acquire); }
  uint32_t dead_rows() const noexcept { return has_rows() ? rows_->rows() - rows_->live_count() : 0; }

  // Publishing; the caller holds the generation's lock alone.
  void publish_new(RowRange rows);
  void publish_replaced(uint32_t slot, RowRange rows);
  /** The point of this slot is gone. */
  void publish_killed(uint32_t slot);
  /** Rows of an operation that failed half way are left behind, dead. */
  void abandon(RowRange rows);

  /** Null while scans are exact: too few rows, m = 0, or a kind that is not searched by graph. */
  std::shared_ptr<Graph> graph() const;
  void set_graph(std::shared_ptr<Graph> graph);
  bool wants_graph(uint64_t indexing_threshold_bytes) const noexcept;
  GraphOptions graph_options() const noexcept;
  void set_graph_parameters(uint32_t m, uint32_t ef_construct, bool walk_codes);
  /** Rows that the graph does not hold yet. */
  uint32_t pending_rows() const;
  /** The newest graph file, which graph it is of, and its size. Belongs to whoever writes checkpoints. */
  std::optional<ManifestGraph> saved_graph;
  std::weak_ptr<Graph> saved_graph_of;
  uint64_t saved_graph_bytes = 0;
  /** Rows that it covers, for those who only ask whether there is something to save. */
  std::atomic<uint32_t> saved_graph_rows{0};
  std::string row_file_name() const;

  /** The row table. */
  void save(ByteWriter& out) const;
  /** Opens the rows. `slots` is loaded already. Throws FormatError. */
  void load(ByteReader& in, uint32_t rows, const Slots& slots);
  /**
   * The crcs of blocks that are complete in the first `rows` rows; those that are new are read from the
   * file. Off the strand, by whoever writes checkpoints. A complete block is never written again, so its
   * crc holds for as long as its file.
   */
  std::vector<uint32_t> update_block_crcs(uint32_t rows);
  /** Nothing past the last. */
  std::optional<uint32_t> block_crc(uint32_t block) const;
  /** What the blocks with a crc take. */
  uint64_t block_bytes() const;
  /** After load. Throws FormatError for more than the rows have blocks. */
  void set_block_crcs(std::vector<uint32_t> crcs);

  uint64_t disk_bytes() const;
  uint64_t memory_bytes() const;

 private:
  void retire(RowRange rows);

  const uint16_t index_;
  VectorSchema schema_;
  const std::string directory_;
  std::unique_ptr<RowSpace> rows_;
  RowTable table_;
  std::atomic<uint32_t> live_{0};
  std::atomic<uint64_t> replacements_{0};
  mutable std::mutex graph_mutex_;
  std::shared_ptr<Graph> graph_;
  mutable std::mutex block_crcs_mutex_;
  std::vector<uint32_t> block_crcs_;
};

}  // namespace vdb
