#include "shard/vacuum.h"

#include <algorithm>
#include <future>

#include "io/file.h"
#include "rows/block_reader.h"
#include "shard/filtered_slots.h"
#include "shard/maintenance_threads.h"

namespace vdb {

namespace {

constexpr uint32_t kGoneSlot = UINT32_MAX;
// About a millisecond of copying.
constexpr size_t kQuantumBytes = 1 << 20;
constexpr size_t kQuantumKeys = 512;
constexpr size_t kInsertQuantum = 8;
// Operations that may be applied on the strand, where writes wait for them.
constexpr uint64_t kLastOperations = 64;
constexpr int kCatchUpRounds = 16;

}  // namespace

struct Vacuum::Cut {
  uint64_t sequence = 0;
  /** Old slots of the new ones, in order. */
  std::vector<uint32_t> old_slots;
  /** New slot of each old one. */
  std::vector<uint32_t> new_slots;
  std::vector<PointId> ids;
  std::vector<uint64_t> versions;
  /** By vector: the rows of each new slot in the old generation. */
  std::vector<std::vector<RowRange>> rows;
  /** By vector: rows of the old generation, and where they are in the new one. */
  std::vector<std::vector<uint32_t>> new_rows;
  std::vector<FieldIndexInfo> fields;
  std::vector<ClockTag> clocks;
  StoreSnapshot payloads;

  explicit Cut(StoreSnapshot snapshot) : payloads(std::move(snapshot)) {}
};

Vacuum::Vacuum(Shard& shard) : shard_(shard) {}

Vacuum::~Vacuum() {
  shard_.retained_sequence_.store(UINT64_MAX);
  cut_.reset();
  if (fresh_ != nullptr && !swapped_) fresh_->become_obsolete();
}

void Vacuum::check_cancelled() const {
  if (shard_.vacuum_cancelled_.load() || shard_.closing_.load() || maintenance_is_stopping()) throw Closed("the vacuum was cancelled");
}

/** A pool that stops drops the task, which breaks the promise and ends the vacuum. */
template <class Work>
void Vacuum::in_pool(Work work) const {
  check_cancelled();
  std::promise<void> promise;
  std::future<void> done = promise.get_future();
  shard_.options_.pool->submit(Priority::kIndex, [promise = std::move(promise), work]() mutable {
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

void Vacuum::run() {
  take_cut();
  create_directories(fresh_->directory());
  copy_slots();
  for (size_t space = 0; space < old_->vectors.size(); space++) {
    if (old_->vectors[space]->has_rows()) {
      verify_rows(space);
      copy_rows(space);
      remap_graph(space);
    } else {
      copy_sparse(space);
    }
  }
  copy_payloads();
  cut_->payloads = old_->store().snapshot();
  for (int round = 0; round < kCatchUpRounds; round++) {
    insert_waiting();
    const uint64_t target = old_->sequence.load();
    if (target - fresh_->sequence.load() <= kLastOperations) break;
    catch_up(target);
  }
  swap();
}

void Vacuum::take_cut() {
  shard_.on_strand([this] {
    old_ = shard_.generation();
    cut_ = std::make_unique<Cut>(old_->store().snapshot());
    Cut& cut = *cut_;
    cut.sequence = old_->sequence.load();
    // Records above the cut are applied again below, so the log keeps them whatever checkpoints say.
    shard_.retained_sequence_.store(cut.sequence);
    cut.new_slots.assign(old_->slots.count(), kGoneSlot);
    visit_slots(old_->slots.live_words(), [&](uint32_t slot) {
      cut.new_slots[slot] = static_cast<uint32_t>(cut.old_slots.size());
      cut.old_slots.push_back(slot);
      cut.ids.push_back(old_->slots.id(slot));
      cut.versions.push_back(old_->slots.version(slot));
      return true;
    });
    cut.rows.resize(old_->vectors.size());
    cut.new_rows.resize(old_->vectors.size());
    for (size_t space = 0; space < old_->vectors.size(); space++) {
      for (const uint32_t slot : cut.old_slots) cut.rows[space].push_back(old_->vectors[space]->table().get(slot));
      if (old_->vectors[space]->has_rows()) cut.new_rows[space].assign(old_->vectors[space]->rows().rows(), Graph::kGone);
    }
    cut.fields = old_->fields.list();
    cut.clocks = old_->clocks.newest();
    fresh_ = std::make_shared<Generation>(shard_.options_.directory, shard_.options_.store, shard_.options_.collection,
                                          shard_.options_.shard, old_->number() + 1, shard_.schema_);
  });
  // Left over from a vacuum that a crash ended, at worst.
  remove_directory(fresh_->directory());
  fresh_->store().remove_prefix(fresh_->keys().generation());
  applier_ = std::make_unique<Applier>(*fresh_);
}

void Vacuum::copy_slots() {
  for (size_t begin = 0; begin < cut_->ids.size(); begin += kQuantumKeys) {
    in_pool([&] {
      for (size_t slot = begin; slot < std::min(begin + kQuantumKeys, cut_->ids.size()); slot++) {
        fresh_->slots.append(cut_->ids[slot], cut_->versions[slot]);
        fresh_->ids.insert(cut_->ids[slot], static_cast<uint32_t>(slot));
      }
    });
  }
  for (const FieldIndexInfo& index : cut_->fields) fresh_->fields.create(index.path, index.type, index.parameters);
  for (const ClockTag& tag : cut_->clocks) fresh_->clocks.note(tag);
  fresh_->sequence.store(cut_->sequence);
}

/** Damaged rows that were copied would get a crc that fits them, and nobody would ever know. */
void Vacuum::verify_rows(size_t space) {
  const VectorSpace& from = *old_->vectors[space];
  uint32_t block = 0;
  for (auto crc = from.block_crc(block); crc.has_value(); crc = from.block_crc(++block)) {
    in_pool([&] {
      // Through the page cache, because that is what is copied.
      if (from.rows().verify_block(block, *crc)) return;
      const FormatError damage(damaged_block(from.rows().path(), block));
      shard_.poison(std::make_exception_ptr(damage));
      throw damage;
    });
  }
}

void Vacuum::copy_rows(size_t space) {
  const RowSpace& from = old_->vectors[space]->rows();
  VectorSpace& to = *fresh_->vectors[space];
  const auto& rows = cut_->rows[space];
  // In the order of the old rows, so that those which the graph holds already come before the others.
  std::vector<uint32_t> order;
  for (uint32_t slot = 0; slot < rows.size(); slot++) {
    if (!rows[slot].empty()) order.push_back(slot);
  }
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return rows[a].first < rows[b].first; });
  std::vector<RowRange> fresh(rows.size());
  uint32_t next = 0;
  for (const uint32_t slot : order) {
    fresh[slot] = {next, rows[slot].count};
    for (uint32_t i = 0; i < rows[slot].count; i++) cut_->new_rows[space][rows[slot].first + i] = next++;
  }
  for (const RowRange& range : fresh) to.publish_new(range);
  const size_t row_bytes = from.spec().row_bytes();
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> owners;
  for (size_t done = 0; done < order.size();) {
    in_pool([&] {
      bytes.clear();
      owners.clear();
      for (; done < order.size() && bytes.size() < kQuantumBytes; done++) {
        const RowRange range = rows[order[done]];
        for (uint32_t i = 0; i < range.count; i++) {
          const uint8_t* row = from.row_bytes(range.first + i);
          bytes.insert(bytes.end(), row, row + row_bytes);
          owners.push_back(order[done]);
        }
      }
      to.rows().append_stored(bytes, owners);
    });
  }
}

void Vacuum::remap_graph(size_t space) {
  const auto graph = old_->vectors[space]->graph();
  if (graph == nullptr) return;
  VectorSpace& to = *fresh_->vectors[space];
  if (!to.wants_graph(shard_.indexing_threshold_.load())) return;
  check_cancelled();
  // Whole, on this thread: it is a pass over memory, and takes no thread from searches.
  to.set_graph(Graph::remap(*graph, cut_->new_rows[space], to.rows(), to.graph_options()));
}

void Vacuum::copy_payloads() {
  const Store& store = old_->store();
  StoreIterator entries = store.iterate(old_->keys().kind(KeyKind::kPayload), &cut_->payloads);
  for (bool more = true; more;) {
    in_pool([&] {
      StoreBatch batch;
      size_t keys = 0;
      while (keys < kQuantumKeys && batch.size_bytes() < kQuantumBytes && (more = entries.next())) {
        keys++;
        const uint32_t slot = ShardKeys::slot_of(entries.key());
        if (slot >= cut_->new_slots.size() || cut_->new_slots[slot] == kGoneSlot) continue;
        const auto value = entries.value();
        batch.put(fresh_->keys().payload(cut_->new_slots[slot]), value);
        fresh_->fields.add(cut_->new_slots[slot], {reinterpret_cast<const char*>(value.data()), value.size()});
      }
      if (!more) batch.put_u64(fresh_->keys().applied(), cut_->sequence);
      fresh_->store().write(batch);
    });
  }
}

void Vacuum::copy_sparse(size_t space) {
  VectorSpace& to = *fresh_->vectors[space];
  const auto index = static_cast<uint16_t>(space);
  const auto& rows = cut_->rows[space];
  for (size_t begin = 0; begin < rows.size(); begin += kQuantumKeys) {
    in_pool([&] {
      StoreBatch batch;
      std::string value;
      for (size_t slot = begin; slot < std::min(begin + kQuantumKeys, rows.size()); slot++) {
        const auto fresh_slot = static_cast<uint32_t>(slot);
        to.publish_new(rows[slot].empty() ? RowRange{} : RowRange{fresh_slot, 1});
        if (rows[slot].empty()) continue;
        if (!old_->store().get(old_->keys().sparse(index, cut_->old_slots[slot]), value, &cut_->payloads)) continue;
        batch.put(fresh_->keys().sparse(index, fresh_slot), std::string_view(value));
      }
      fresh_->store().write(batch);
    });
  }
}

void Vacuum::catch_up(uint64_t sequence) {
  if (fresh_->sequence.load() >= sequence) return;
  LogReader reader = shard_.options_.log->read_from(fresh_->sequence.load() + 1);
  LogRecord record;
  while (fresh_->sequence.load() < sequence) {
    check_cancelled();
    if (!reader.next(record)) throw FormatError("the log ends before an operation that was applied");
    try {
      applier_->apply_logged(record.sequence, record.body, ApplyMode::kLive);
    } catch (const BadRequest&) {
      // Had no effect when it was applied first either.
    }
  }
}

void Vacuum::insert_waiting() {
  for (const auto& space : fresh_->vectors) {
    const auto graph = space->graph();
    if (graph == nullptr) continue;
    bool more = true;
    while (more) in_pool([&] { more = graph->insert_some(kInsertQuantum) > 0; });
  }
}

void Vacuum::swap() {
  std::optional<CheckpointPlan> plan;
  shard_.on_strand([&] {
    check_cancelled();
    catch_up(old_->sequence.load());
    shard_.start_graphs(*fresh_);
    shard_.supersede(fresh_);
    swapped_ = true;
    plan = plan_checkpoint(fresh_, shard_.options_.collection, shard_.options_.shard, true);
  });
  // Until the manifest of the new generation is durable, a crash goes back to the old one and replays.
  cut_.reset();
  shard_.write_checkpoint(std::move(*plan));
}

}  // namespace vdb
