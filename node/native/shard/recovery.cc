#include "shard/recovery.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "shard/lack_of_space.h"

namespace vdb {

namespace {

constexpr uint32_t kCodeRows = 4096;

/** Runs `work(i)` for i in [0, count) on this thread and on those of the pool that are free. */
class ParallelLoop : public std::enable_shared_from_this<ParallelLoop> {
 public:
  ParallelLoop(uint32_t count, std::function<void(uint32_t)> work) : count_(count), work_(std::move(work)) {}

  void run(ThreadPool& pool) {
    const unsigned helpers = std::min<unsigned>(pool.threads(), count_ == 0 ? 0 : count_ - 1);
    for (unsigned i = 0; i < helpers; i++) {
      // A pool that stops drops helpers unrun; this thread does then everything by itself.
      pool.submit(Priority::kApply, [loop = shared_from_this()] { loop->take_turns(); });
    }
    take_turns();
    std::unique_lock guard(mutex_);
    all_done_.wait(guard, [this] { return done_ == count_; });
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

 private:
  void take_turns() {
    for (uint32_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) {
      std::exception_ptr error;
      try {
        work_(i);
      } catch (...) {
        error = std::current_exception();
      }
      const std::lock_guard guard(mutex_);
      if (error != nullptr) error_ = error;
      if (++done_ == count_) all_done_.notify_all();
    }
  }

  const uint32_t count_;
  const std::function<void(uint32_t)> work_;
  std::atomic<uint32_t> next_{0};
  std::mutex mutex_;
  std::condition_variable all_done_;
  uint32_t done_ = 0;
  std::exception_ptr error_;
};

void compute_codes(Generation& generation, ThreadPool& pool) {
  for (const auto& space : generation.vectors) {
    if (!space->has_rows() || !space->rows().has_codes()) continue;
    RowSpace& rows = space->rows();
    const uint32_t count = rows.rows();
    const auto loop = std::make_shared<ParallelLoop>((count + kCodeRows - 1) / kCodeRows, [&rows, count](uint32_t i) {
      rows.compute_codes(i * kCodeRows, std::min(count, (i + 1) * kCodeRows));
    });
    loop->run(pool);
  }
}

/** A graph is derived from rows: one that is damaged, or was built with other parameters, is built anew. */
void load_graphs(Generation& generation, const Manifest& manifest) {
  for (size_t v = 0; v < generation.vectors.size(); v++) {
    VectorSpace& space = *generation.vectors[v];
    const ManifestVector& entry = manifest.vectors[v];
    if (!entry.graph.has_value() || space.schema().m == 0) continue;
    try {
      const auto bytes = read_verified(generation.directory(), entry.graph->file);
      space.set_graph(Graph::load(space.rows(), space.graph_options(), bytes, entry.rows));
      // A file with rows past the manifest's is of no use later: after a power loss these may become others.
      if (entry.graph->rows > entry.rows) continue;
      space.saved_graph = entry.graph;
      space.saved_graph_of = space.graph();
      space.saved_graph_bytes = bytes.size();
      space.saved_graph_rows.store(entry.graph->rows);
    } catch (const FormatError&) {
      space.set_graph(std::make_shared<Graph>(space.rows(), space.graph_options()));
    } catch (const NotFound&) {
      space.set_graph(std::make_shared<Graph>(space.rows(), space.graph_options()));
    }
  }
}

void check_identity(const Manifest& manifest, const ShardOptions& options) {
  if (manifest.collection == options.collection && manifest.shard == options.shard) return;
  throw FormatError(options.directory + " belongs to shard " + std::to_string(manifest.shard) + " of collection " +
                    std::to_string(manifest.collection) + ", not to shard " + std::to_string(options.shard) + " of " +
                    std::to_string(options.collection));
}

void check_log(const Manifest& manifest, const ShardOptions& options) {
  const Log& log = *options.log;
  if (log.last_sequence() < manifest.sequence) {
    throw FormatError("the log of " + options.directory + " ends at operation " + std::to_string(log.last_sequence()) +
                      ", before its checkpoint at " + std::to_string(manifest.sequence));
  }
  if (log.last_sequence() > manifest.sequence && log.first_sequence() > manifest.sequence + 1) {
    throw FormatError("the log of " + options.directory + " starts at operation " + std::to_string(log.first_sequence()) +
                      ", after its checkpoint at " + std::to_string(manifest.sequence));
  }
}

void check_store(const Generation& generation, const std::string& directory) {
  const uint64_t stored = generation.store().get_u64(generation.keys().applied()).value_or(0);
  if (stored >= generation.sequence.load()) return;
  throw FormatError("RocksDB holds operations up to " + std::to_string(stored) + " of " + directory +
                    ", fewer than its checkpoint at " + std::to_string(generation.sequence.load()));
}

}  // namespace

void replay_log(Generation& generation, Applier& applier, const Log& log, uint64_t last) {
  if (generation.sequence.load() == last) return;
  LogReader reader = log.read_from(generation.sequence.load() + 1);
  LogRecord record;
  while (generation.sequence.load() < last && reader.next(record)) {
    try {
      applier.apply_logged(record.sequence, record.body, ApplyMode::kReplay);
    } catch (const BadRequest&) {
      // Had no effect when it was applied first either.
    }
  }
  applier.refresh_fields();
}

Recovered recover_generation(const ShardOptions& options) {
  const std::optional<Manifest> found = read_manifest(options.directory);
  Manifest manifest;
  manifest.collection = options.collection;
  manifest.shard = options.shard;
  if (found.has_value()) manifest = *found;
  check_identity(manifest, options);
  check_log(manifest, options);
  delete_stale(options.directory, manifest, *options.store);
  Recovered recovered;
  recovered.checkpoint_sequence = manifest.sequence;
  recovered.generation = std::make_shared<Generation>(options.directory, options.store, options.collection, options.shard,
                                                      manifest.generation, options.schema);
  if (found.has_value()) {
    load_checkpoint(*recovered.generation, manifest);
    compute_codes(*recovered.generation, *options.pool);
    load_graphs(*recovered.generation, manifest);
  }
  check_store(*recovered.generation, options.directory);
  recovered.applier = std::make_unique<Applier>(*recovered.generation);
  const uint64_t last = options.log->last_sequence();
  try {
    replay_log(*recovered.generation, *recovered.applier, *options.log, last);
  } catch (const IoError& error) {
    // What is there can be read; the rest is applied when space returns.
    if (!is_lack_of_space(error)) throw;
    recovered.applier->refresh_fields();
    recovered.no_space = error.what();
  }
  if (recovered.applier->stored_applied() > last) {
    recovered.applier->agree_with_store();
    recovered.store_was_ahead = true;
  }
  return recovered;
}

}  // namespace vdb
