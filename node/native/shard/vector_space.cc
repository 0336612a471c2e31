#include "shard/vector_space.h"

namespace vdb {

VectorSpace::VectorSpace(uint16_t index, VectorSchema schema, const std::string& directory)
    : index_(index), schema_(std::move(schema)), directory_(directory) {
  if (has_rows()) {
    rows_ = std::make_unique<RowSpace>(directory_ + "/" + row_file_name(), RowSpec{schema_.dimension, schema_.distance, schema_.type});
  }
}

std::string VectorSpace::row_file_name() const {
  return "rows." + std::to_string(index_) + "." + file_suffix(schema_.type);
}

void VectorSpace::publish_new(RowRange rows) {
  table_.append(rows);
  if (!rows.empty()) live_.fetch_add(1, std::memory_order_relaxed);
}

void VectorSpace::retire(RowRange rows) {
  if (!has_rows()) return;
  for (uint32_t i = 0; i < rows.count; i++) rows_->retire(rows.first + i);
}

void VectorSpace::publish_replaced(uint32_t slot, RowRange rows) {
  const RowRange before = table_.get(slot);
  if (before.empty() && rows.empty()) return;
  // The new rows were live before the old ones go, so a search that misses one sees the other.
  table_.set(slot, rows);
  replacements_.fetch_add(1, std::memory_order_acq_rel);
  retire(before);
  if (before.empty()) live_.fetch_add(1, std::memory_order_relaxed);
  if (rows.empty()) live_.fetch_sub(1, std::memory_order_relaxed);
}

void VectorSpace::publish_killed(uint32_t slot) {
  const RowRange rows = table_.get(slot);
  if (rows.empty()) return;
  retire(rows);
  live_.fetch_sub(1, std::memory_order_relaxed);
}

void VectorSpace::abandon(RowRange rows) { retire(rows); }

std::shared_ptr<Graph> VectorSpace::graph() const {
  const std::lock_guard guard(graph_mutex_);
  return graph_;
}

void VectorSpace::set_graph(std::shared_ptr<Graph> graph) {
  const std::lock_guard guard(graph_mutex_);
  graph_.swap(graph);
}

GraphOptions VectorSpace::graph_options() const noexcept {
  const std::lock_guard guard(graph_mutex_);
  return {std::max(2U, schema_.m), schema_.ef_construct, schema_.walk_codes ? Walk::kCodes : Walk::kRows};
}

bool VectorSpace::wants_graph(uint64_t indexing_threshold_bytes) const noexcept {
  if (schema_.kind != VectorKind::kDense) return false;
  const std::lock_guard guard(graph_mutex_);
  return schema_.m > 0 && uint64_t{live()} * rows_->spec().row_bytes() > indexing_threshold_bytes;
}

void VectorSpace::set_graph_parameters(uint32_t m, uint32_t ef_construct, bool walk_codes) {
  const std::lock_guard guard(graph_mutex_);
  schema_.m = m;
  schema_.ef_construct = ef_construct;
  schema_.walk_codes = walk_codes;
}

uint32_t VectorSpace::pending_rows() const {
  const auto graph = this->graph();
  return graph == nullptr ? 0 : static_cast<uint32_t>(graph->pending());
}

std::vector<uint32_t> VectorSpace::update_block_crcs(uint32_t rows) {
  if (!has_rows()) return {};
  const uint32_t complete = rows_->complete_blocks(rows);
  const uint64_t known = block_bytes() / RowFile::kBlockBytes;
  for (auto block = static_cast<uint32_t>(known); block < complete; block++) {
    const uint32_t crc = rows_->block_crc(block);
    const std::lock_guard guard(block_crcs_mutex_);
    block_crcs_.push_back(crc);
  }
  const std::lock_guard guard(block_crcs_mutex_);
  // A checkpoint that was planned before the last one knows of fewer.
  return {block_crcs_.begin(), block_crcs_.begin() + complete};
}

std::optional<uint32_t> VectorSpace::block_crc(uint32_t block) const {
  const std::lock_guard guard(block_crcs_mutex_);
  if (block >= block_crcs_.size()) return std::nullopt;
  return block_crcs_[block];
}

uint64_t VectorSpace::block_bytes() const {
  const std::lock_guard guard(block_crcs_mutex_);
  return block_crcs_.size() * uint64_t{RowFile::kBlockBytes};
}

void VectorSpace::set_block_crcs(std::vector<uint32_t> crcs) {
  const uint32_t complete = has_rows() ? rows_->complete_blocks(rows_->rows()) : 0;
  if (crcs.size() > complete) throw FormatError("a checkpoint has crcs of more blocks than " + row_file_name() + " has");
  const std::lock_guard guard(block_crcs_mutex_);
  block_crcs_ = std::move(crcs);
}

void VectorSpace::save(ByteWriter& out) const { table_.save(out); }

void VectorSpace::load(ByteReader& in, uint32_t rows, const Slots& slots) {
  const uint32_t count = slots.count();
  // A sparse vector's "rows" are the slots that have it.
  table_.load(in, count, has_rows() ? rows : count);
  uint32_t live = 0;
  for (uint32_t slot = 0; slot < count; slot++) {
    if (slots.live(slot) && !table_.get(slot).empty()) live++;
  }
  live_.store(live, std::memory_order_relaxed);
  if (!has_rows()) return;
  std::vector<uint64_t> live_rows((uint64_t{rows} + 63) / 64, 0);
  std::vector<uint32_t> slot_of;
  if (!table_.identity() || rows != count) slot_of.assign(rows, 0);
  for (uint32_t slot = 0; slot < count; slot++) {
    const RowRange range = table_.get(slot);
    for (uint32_t row = range.first; row < range.first + range.count; row++) {
      if (!slot_of.empty()) slot_of[row] = slot;
      if (slots.live(slot)) live_rows[row / 64] |= uint64_t{1} << (row % 64);
    }
  }
  const RowSpec spec{schema_.dimension, schema_.distance, schema_.type};
  rows_ = std::make_unique<RowSpace>(directory_ + "/" + row_file_name(), spec, RowState{rows, slot_of, live_rows});
}

uint64_t VectorSpace::disk_bytes() const { return has_rows() ? rows_->disk_bytes() : 0; }

uint64_t VectorSpace::memory_bytes() const {
  const auto graph = this->graph();
  return table_.memory_bytes() + (has_rows() ? rows_->memory_bytes() : 0) + (graph == nullptr ? 0 : graph->memory_bytes());
}

}  // namespace vdb
