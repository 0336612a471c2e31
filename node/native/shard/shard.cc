#include "shard/shard.h"

#include <algorithm>
#include <future>

#include "shard/filtered_slots.h"
#include "shard/point_reads.h"
#include "shard/recovery.h"
#include "shard/search.h"
#include "shard/vacuum.h"

namespace vdb {

namespace {

constexpr size_t kInsertQuantum = 8;
// Codes of rows that the graph does not hold yet: a scan of them takes some 10 ms. Beyond, writes are
// slowed down by inserting themselves.
constexpr uint64_t kPendingCodeBytesMax = 64 << 20;
// Rows that a slowed write inserts for each that it adds; above 1, or the bound would not hold.
constexpr size_t kInsertsPerRow = 2;

bool is_lack_of_space(const IoError& error) {
  // A sync that failed is never tried again, whatever it said.
  return error.no_space() && error.operation().find("sync") == std::string::npos;
}

}  // namespace

void Shard::on_strand(std::function<void()> work) {
  std::promise<void> promise;
  std::future<void> done = promise.get_future();
  strand_.submit([promise = std::move(promise), work = std::move(work)]() mutable {
    try {
      work();
      promise.set_value();
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  });
  try {
    done.get();
  } catch (const std::future_error&) {
    throw Closed("the engine is stopping");
  }
}

Shard::Shard(ShardOptions options)
    : options_(std::move(options)), strand_(*options_.pool, Priority::kApply), schema_(options_.schema) {
  indexing_threshold_.store(schema_.indexing_threshold_bytes);
  full_scan_threshold_.store(schema_.full_scan_threshold_bytes);
}

Shard::~Shard() {
  if (indexer_ != nullptr) indexer_->cancel();
}

std::shared_ptr<Shard> Shard::open(ShardOptions options) {
  std::shared_ptr<Shard> shard(new Shard(std::move(options)));
  Recovered recovered = recover_generation(shard->options_);
  shard->checkpoint_sequence_.store(recovered.checkpoint_sequence);
  shard->written_generation_ = recovered.generation->number();
  shard->generation_ = recovered.generation;
  shard->applier_ = std::make_unique<Applier>(*recovered.generation);
  // Quanta hold the indexer; it must not keep the shard alive in turn.
  shard->indexer_ = std::make_shared<Indexer>(*shard->options_.pool, [weak = std::weak_ptr<Shard>(shard)] {
    const auto alive = weak.lock();
    return alive != nullptr && alive->index_some();
  });
  shard->start_graphs(*recovered.generation);
  return shard;
}

std::shared_ptr<Generation> Shard::generation() const {
  const std::lock_guard guard(generation_mutex_);
  if (generation_ == nullptr) throw Closed("the shard is closed");
  return generation_;
}

void Shard::supersede(std::shared_ptr<Generation> generation) {
  applier_ = std::make_unique<Applier>(*generation);
  const std::lock_guard guard(generation_mutex_);
  superseded_.push_back(std::exchange(generation_, std::move(generation)));
}

void Shard::check_open() const {
  if (closed_.load()) throw Closed("the shard is closed");
  const std::lock_guard guard(state_mutex_);
  if (poison_ != nullptr) std::rethrow_exception(poison_);
}

void Shard::become_read_only(const std::string& reason) {
  const std::lock_guard guard(state_mutex_);
  read_only_ = reason;
}

void Shard::become_writable() {
  const std::lock_guard guard(state_mutex_);
  if (poison_ == nullptr) read_only_.reset();
}

void Shard::poison(std::exception_ptr error) {
  const std::lock_guard guard(state_mutex_);
  if (poison_ != nullptr) return;
  poison_ = error;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& why) {
    read_only_ = why.what();
  }
}

ApplyOutcome Shard::apply(uint64_t sequence, std::span<const uint8_t> operation) {
  check_open();
  const auto generation = this->generation();
  const uint64_t newest = waiting_.empty() ? generation->sequence.load() : waiting_.back().sequence;
  if (sequence != newest + 1) {
    throw BadRequest("operation " + std::to_string(sequence) + " came where " + std::to_string(newest + 1) + " was expected");
  }
  try {
    retry_waiting();
    const ApplyOutcome outcome = applier_->apply_logged(sequence, operation, ApplyMode::kFull);
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
  while (!waiting_.empty()) {
    try {
      applier_->apply_logged(waiting_.front().sequence, waiting_.front().operation, ApplyMode::kFull);
    } catch (const BadRequest&) {
      // Without effect; whoever sent it was told about the lack of space already.
    }
    waiting_.pop_front();
    if (waiting_.empty()) become_writable();
  }
}

void Shard::catch_up() {
  check_open();
  if (waiting_.empty()) return;
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

std::vector<uint8_t> Shard::search(const SearchQuery& query) {
  if (closed_.load()) throw Closed("the shard is closed");
  const auto generation = this->generation();
  return search_points(*generation, query, full_scan_threshold_.load(std::memory_order_relaxed));
}

std::vector<uint8_t> Shard::retrieve(std::span<const uint8_t> ids, const Selection& selection) {
  const auto generation = this->generation();
  return retrieve_points(*generation, ids, selection);
}

ScrollPage Shard::scroll(const ScrollQuery& query) {
  const auto generation = this->generation();
  return scroll_points(*generation, query);
}

uint64_t Shard::count(const std::optional<std::vector<uint8_t>>& filter, bool exact) {
  const auto generation = this->generation();
  return count_points(*generation, filter, exact);
}

std::optional<CheckpointPlan> Shard::plan_checkpoint(bool closing) {
  catch_up();
  const auto generation = this->generation();
  bool graph_grew = false;
  for (const auto& space : generation->vectors) {
    const auto graph = space->graph();
    if (graph != nullptr && graph->indexed_rows() > space->saved_graph_rows.load()) graph_grew = closing;
  }
  const bool superseding = generation->number() != written_generation_;
  if (generation->sequence.load() == checkpoint_sequence_.load() && !graph_grew && !superseding) return std::nullopt;
  return vdb::plan_checkpoint(generation, options_.collection, options_.shard, closing);
}

void Shard::write_checkpoint(CheckpointPlan plan) {
  const std::lock_guard guard(checkpoint_mutex_);
  // Planned before a vacuum swapped and written after the manifest of the new generation: too late.
  if (plan.generation->number() < written_generation_) return;
  try {
    vdb::write_checkpoint(options_.directory, plan, *options_.log);
  } catch (const IoError& error) {
    if (is_lack_of_space(error)) {
      become_read_only(error.what());
    } else {
      poison(std::current_exception());
    }
    throw;
  } catch (...) {
    poison(std::current_exception());
    throw;
  }
  written_generation_ = plan.generation->number();
  checkpoint_sequence_.store(plan.manifest.sequence);
  std::vector<std::shared_ptr<Generation>> gone;
  {
    const std::lock_guard generation_guard(generation_mutex_);
    if (plan.generation == generation_) gone.swap(superseded_);
  }
  for (const auto& old : gone) old->become_obsolete();
  options_.log->truncate_before(std::min(plan.manifest.sequence, retained_sequence_.load()) + 1);
}

void Shard::checkpoint() {
  std::optional<CheckpointPlan> plan;
  on_strand([&] { plan = plan_checkpoint(false); });
  if (plan.has_value()) write_checkpoint(std::move(*plan));
  on_strand([this] {
    // What wanted space has it again when even a checkpoint could be written.
    if (waiting_.empty()) become_writable();
  });
}

bool Shard::vacuum(double deleted_threshold, uint64_t minimum_slots) {
  const std::lock_guard guard(vacuum_mutex_);
  check_open();
  const auto too_many = [&](uint64_t dead, uint64_t all) {
    return dead > minimum_slots && static_cast<double>(dead) > static_cast<double>(all) * deleted_threshold;
  };
  const auto generation = this->generation();
  bool due = too_many(generation->slots.count() - generation->slots.live_count(), generation->slots.count());
  for (const auto& space : generation->vectors) {
    if (space->has_rows()) due = due || too_many(space->dead_rows(), space->rows().rows());
  }
  if (!due) return false;
  vacuum_cancelled_.store(false);
  try {
    Vacuum(*this).run();
  } catch (const IoError& error) {
    if (is_lack_of_space(error)) become_read_only(error.what());
    throw;
  } catch (const Closed&) {
    if (closed_.load()) throw;
    return false;
  }
  return true;
}

ShardInfo Shard::info() const {
  ShardInfo info;
  info.checkpoint_sequence = checkpoint_sequence_.load();
  {
    const std::lock_guard guard(state_mutex_);
    info.read_only = read_only_;
  }
  const auto generation = this->generation();
  info.sequence = generation->sequence.load();
  info.slots = generation->slots.count();
  info.points = generation->slots.live_count();
  info.deleted_slots = info.slots - info.points;
  info.generation = generation->number();
  info.pending_rows = generation->pending_rows();
  for (const auto& space : generation->vectors) {
    VectorInfo vector;
    vector.name = space->schema().name;
    vector.count = space->live();
    vector.dead_rows = space->dead_rows();
    if (space->has_rows()) vector.rows = space->rows().rows();
    if (const auto graph = space->graph()) {
      vector.graph_active = true;
      vector.indexed_rows = graph->indexed_rows();
      vector.code_overlap = graph->code_overlap();
      vector.walks_codes = graph->walk() == Walk::kCodes;
    }
    info.vectors.push_back(std::move(vector));
  }
  const SharedGuard guard(generation->lock);
  info.field_indexes = generation->fields.list();
  info.disk_bytes = generation->disk_bytes();
  info.memory_bytes = generation->memory_bytes();
  return info;
}

void Shard::close() {
  vacuum_cancelled_.store(true);
  const std::lock_guard guard(vacuum_mutex_);
  if (closed_.load()) return;
  indexer_->stop();
  std::exception_ptr failure;
  try {
    std::optional<CheckpointPlan> plan;
    on_strand([&] {
      plan = plan_checkpoint(true);
      closed_.store(true);
    });
    if (plan.has_value()) write_checkpoint(std::move(*plan));
  } catch (...) {
    failure = std::current_exception();
  }
  closed_.store(true);
  {
    const std::lock_guard generation_guard(generation_mutex_);
    generation_.reset();
    superseded_.clear();
  }
  bool poisoned = false;
  {
    const std::lock_guard state_guard(state_mutex_);
    poisoned = poison_ != nullptr;
  }
  // A poisoned shard has said what is wrong already; its log is there for the next start.
  if (failure != nullptr && !poisoned) std::rethrow_exception(failure);
}

}  // namespace vdb
