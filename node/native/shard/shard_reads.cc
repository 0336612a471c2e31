// Reads of a shard, on any thread.
#include "shard/point_reads.h"
#include "shard/range_reads.h"
#include "shard/search.h"
#include "shard/shard.h"

namespace vdb {

namespace {

VectorInfo vector_info(const VectorSpace& space) {
  VectorInfo info;
  info.name = space.schema().name;
  info.count = space.live();
  info.dead_rows = space.dead_rows();
  if (space.has_rows()) info.rows = space.rows().rows();
  if (const auto graph = space.graph()) {
    info.graph_active = true;
    info.indexed_rows = graph->indexed_rows();
    info.code_overlap = graph->code_overlap();
    info.walks_codes = graph->walk() == Walk::kCodes;
  }
  return info;
}

}  // namespace

std::vector<uint8_t> Shard::search(const SearchQuery& query) {
  const Reading reading = begin_read();
  return search_points(*reading.generation, query, full_scan_threshold_.load(std::memory_order_relaxed));
}

std::vector<uint8_t> Shard::retrieve(std::span<const uint8_t> ids, const Selection& selection) {
  const Reading reading = begin_read();
  return retrieve_points(*reading.generation, ids, selection);
}

ScrollPage Shard::scroll(const ScrollQuery& query) {
  const Reading reading = begin_read();
  return scroll_points(*reading.generation, query);
}

uint64_t Shard::count(const std::optional<std::vector<uint8_t>>& filter, bool exact) {
  const Reading reading = begin_read();
  return count_points(*reading.generation, filter, exact);
}

RangePart Shard::export_range(const IdRange& range, size_t limit) {
  const Reading reading = begin_read();
  return vdb::export_range(*reading.generation, range, limit);
}

RangePart Shard::digest_range(const IdRange& range, size_t limit) {
  const Reading reading = begin_read();
  return vdb::digest_range(*reading.generation, range, limit);
}

std::vector<uint8_t> Shard::ids_in_range(const IdRange& range) {
  const Reading reading = begin_read();
  return vdb::ids_in_range(*reading.generation, range);
}

std::optional<std::string> Shard::read_only() const {
  const std::lock_guard guard(state_mutex_);
  return read_only_;
}

uint64_t Shard::points() const { return generation()->slots.live_count(); }

uint64_t Shard::block_bytes() const {
  uint64_t bytes = 0;
  for (const auto& space : generation()->vectors) bytes += space->block_bytes();
  return bytes;
}

ShardInfo Shard::info() const {
  const auto generation = this->generation();
  ShardInfo info;
  info.checkpoint_sequence = checkpoint_sequence_.load();
  info.read_only = read_only();
  info.sequence = generation->sequence.load();
  info.slots = generation->slots.count();
  info.points = generation->slots.live_count();
  info.deleted_slots = info.slots - info.points;
  info.generation = generation->number();
  info.clocks = generation->clocks.newest();
  info.pending_rows = generation->pending_rows();
  info.disk_bytes = generation->disk_bytes();
  for (const auto& space : generation->vectors) info.vectors.push_back(vector_info(*space));
  // Asked on the thread of the event loop, which must not wait for a writer: then the newest known will do.
  std::unique_lock<std::mutex> state(state_mutex_);
  const std::shared_lock<SharedMutex> guard(generation->lock, std::try_to_lock);
  if (guard.owns_lock()) {
    field_indexes_ = generation->fields.list();
    memory_bytes_ = generation->memory_bytes();
  }
  info.field_indexes = field_indexes_;
  info.memory_bytes = memory_bytes_;
  return info;
}

}  // namespace vdb
