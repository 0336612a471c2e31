#include "shard/shard.h"

#include <algorithm>
#include <future>

#include "io/memory.h"
#include "shard/lack_of_space.h"
#include "shard/recovery.h"
#include "shard/vacuum.h"

namespace vdb {

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
  shard->applier_ = std::move(recovered.applier);
  shard->replay_until_ = shard->options_.log->last_sequence();
  shard->read_only_ = recovered.no_space;
  if (recovered.store_was_ahead) shard->forget_lost_operations();
  // Quanta hold the indexer; it must not keep the shard alive in turn.
  shard->indexer_ = std::make_shared<Indexer>(*shard->options_.pool, [weak = std::weak_ptr<Shard>(shard)] {
    const auto alive = weak.lock();
    return alive != nullptr && alive->index_some();
  });
  shard->start_graphs(*recovered.generation);
  return shard;
}

/** The indexes that were made to fit are saved before RocksDB stops saying that it was ahead of the log. */
void Shard::forget_lost_operations() {
  const auto generation = this->generation();
  write_checkpoint(vdb::plan_checkpoint(generation, options_.collection, options_.shard, false));
  StoreBatch batch;
  batch.put_u64(generation->keys().applied(), generation->sequence.load());
  generation->store().write(batch);
}

std::shared_ptr<Generation> Shard::generation() const {
  const std::lock_guard guard(generation_mutex_);
  if (generation_ == nullptr) throw Closed("the shard is closed");
  return generation_;
}

Shard::Reading Shard::begin_read() const {
  std::shared_lock<SharedMutex> guard(reads_);
  return {std::move(guard), generation()};
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
  release_freed_memory();
}

ScrubProgress Shard::scrub(uint64_t bytes_max) {
  check_open();
  const Reading reading = begin_read();
  try {
    return scrub_.run(*reading.generation, bytes_max);
  } catch (const FormatError&) {
    poison(std::current_exception());
    throw;
  }
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
  } catch (const Closed&) {
    if (closing_.load()) throw;
    return false;
  }
  return true;
}

/** Lets go of everything once the last read has ended. */
void Shard::release() {
  std::vector<std::shared_ptr<Generation>> held;
  {
    const std::lock_guard guard(generation_mutex_);
    held.swap(superseded_);
    held.push_back(std::exchange(generation_, nullptr));
  }
  const ExclusiveGuard no_reads(reads_);
  held.clear();
  applier_.reset();
}

void Shard::close() {
  closing_.store(true);
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
  release();
  bool poisoned = false;
  {
    const std::lock_guard state_guard(state_mutex_);
    poisoned = poison_ != nullptr;
  }
  // A poisoned shard has said what is wrong already; its log is there for the next start.
  if (failure != nullptr && !poisoned) std::rethrow_exception(failure);
}

}  // namespace vdb
