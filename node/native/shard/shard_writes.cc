// What runs on the shard's strand but checkpoints: applying, resolving, changing the schema. And the
// graphs that applies start and feed.
#include <algorithm>

#include "shard/filtered_slots.h"
#include "shard/lack_of_space.h"
#include "shard/recovery.h"
#include "shard/shard.h"

namespace vdb {

namespace {

constexpr size_t kInsertQuantum = 8;
// Codes of rows that the graph does not hold yet: a scan of them takes some 10 ms. Beyond, writes are
// slowed down by inserting themselves.
constexpr uint64_t kPendingCodeBytesMax = 64 << 20;
// Rows that a slowed write inserts for each that it adds; above 1, or the bound would not hold.
constexpr size_t kInsertsPerRow = 2;

}  // namespace

ApplyOutcome Shard::apply(uint64_t sequence, std::span<const uint8_t> operation) {
  check_open();
  const auto generation = this->generation();
  const uint64_t replayed = std::max(generation->sequence.load(), replay_until_);
  const uint64_t newest = waiting_.empty() ? replayed : waiting_.back().sequence;
  if (sequence != newest + 1) {
    throw BadRequest("operation " + std::to_string(sequence) + " came where " + std::to_string(newest + 1) + " was expected");
  }
  try {
    retry_waiting();
    const ApplyOutcome outcome = applier_->apply_logged(sequence, operation, ApplyMode::kLive);
    after_apply(*generation);
    return outcome;
  } catch (const BadRequest&) {
    throw;
  } catch (const IoError& error) {
    if (!is_lack_of_space(error)) {
      poison(std::current_exception());
      throw;
    }
    // It is in the log, so it will be applied: here when space returns, or by a replay.
    waiting_.push_back({sequence, {operation.begin(), operation.end()}});
    become_read_only(error.what());
    throw;
  } catch (...) {
    poison(std::current_exception());
    throw;
  }
}

void Shard::retry_waiting() {
  Generation& current = *generation();
  if (current.sequence.load() < replay_until_) {
    replay_log(current, *applier_, *options_.log, replay_until_);
    if (waiting_.empty()) become_writable();
  }
  while (!waiting_.empty()) {
    try {
      applier_->apply_logged(waiting_.front().sequence, waiting_.front().operation, ApplyMode::kLive);
    } catch (const BadRequest&) {
      // Without effect; whoever sent it was told about the lack of space already.
    }
    waiting_.pop_front();
    if (waiting_.empty()) become_writable();
  }
}

void Shard::catch_up() {
  check_open();
  if (waiting_.empty() && generation()->sequence.load() >= replay_until_) return;
  try {
    retry_waiting();
  } catch (const IoError& error) {
    if (!is_lack_of_space(error)) poison(std::current_exception());
    throw;
  } catch (...) {
    poison(std::current_exception());
    throw;
  }
  after_apply(*generation());
}

void Shard::after_apply(Generation& generation) {
  start_graphs(generation);
  size_t inserts = applier_->rows_added() * kInsertsPerRow;
  for (const auto& space : generation.vectors) {
    const auto graph = space->graph();
    if (graph == nullptr) continue;
    while (inserts > 0 && graph->pending() * space->rows().code_row_bytes() > kPendingCodeBytesMax) {
      const size_t inserted = graph->insert_some(std::min(inserts, kInsertQuantum));
      if (inserted == 0) break;
      inserts -= std::min(inserts, inserted);
    }
  }
}

void Shard::start_graphs(Generation& generation) {
  for (const auto& space : generation.vectors) {
    if (space->graph() == nullptr && space->wants_graph(indexing_threshold_.load())) {
      space->set_graph(std::make_shared<Graph>(space->rows(), space->graph_options()));
    }
  }
  if (generation.pending_rows() > 0) indexer_->wake();
}

bool Shard::index_some() const {
  std::shared_ptr<Generation> generation;
  {
    const std::lock_guard guard(generation_mutex_);
    generation = generation_;
  }
  if (generation == nullptr) return false;
  bool inserted = false;
  for (const auto& space : generation->vectors) {
    const auto graph = space->graph();
    if (graph != nullptr && graph->insert_some(kInsertQuantum) > 0) inserted = true;
  }
  return inserted;
}

std::vector<uint8_t> Shard::resolve(std::span<const uint8_t> filter) {
  check_open();
  const auto generation = this->generation();
  const FilterProgram program = FilterProgram::decode(filter);
  FilteredSlots matches(*generation, program);
  matches.settle_all();
  std::vector<PointId> ids;
  visit_slots(matches.words(), [&](uint32_t slot) {
    ids.push_back(generation->slots.id(slot));
    return true;
  });
  std::sort(ids.begin(), ids.end());
  ByteWriter out;
  out.ids(ids);
  return out.take();
}

void Shard::update_schema(const ShardSchema& schema) {
  check_open();
  const auto generation = this->generation();
  if (schema.vectors.size() != schema_.vectors.size()) throw BadRequest("the vectors of a collection cannot be changed");
  for (size_t i = 0; i < schema.vectors.size(); i++) {
    const VectorSchema& before = schema_.vectors[i];
    const VectorSchema& after = schema.vectors[i];
    if (before.name != after.name || before.kind != after.kind || before.dimension != after.dimension ||
        before.distance != after.distance || before.type != after.type) {
      throw BadRequest("the vector " + before.name + " cannot be changed");
    }
  }
  // A running vacuum carries over the graph of before; the policy asks for another one later.
  vacuum_cancelled_.store(true);
  for (size_t i = 0; i < schema.vectors.size(); i++) {
    VectorSpace& space = *generation->vectors[i];
    const VectorSchema& before = schema_.vectors[i];
    const VectorSchema& after = schema.vectors[i];
    if (before.m == after.m && before.ef_construct == after.ef_construct && before.walk_codes == after.walk_codes) continue;
    space.set_graph_parameters(after.m, after.ef_construct, after.walk_codes);
    space.set_graph(nullptr);
  }
  schema_ = schema;
  indexing_threshold_.store(schema.indexing_threshold_bytes);
  full_scan_threshold_.store(schema.full_scan_threshold_bytes);
  start_graphs(*generation);
}

}  // namespace vdb
