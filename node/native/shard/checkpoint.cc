#include "shard/checkpoint.h"

#include <algorithm>
#include <set>

#include "io/crc32c.h"
#include "io/file.h"

namespace vdb {

namespace {

constexpr std::string_view kSlotsMagic = "VSLT";
constexpr std::string_view kFieldsMagic = "VFLD";
constexpr uint16_t kVersion = 1;
// A graph is written again when it grew by this share; what it lacks is inserted again after a crash.
constexpr double kGraphGrowth = 1.1;

void write_header(ByteWriter& out, std::string_view magic) {
  out.raw(magic);
  out.u16(kVersion);
  out.u16(0);
}

void read_header(ByteReader& in, std::string_view magic, const std::string& name) {
  const auto found = in.raw(magic.size());
  if (!std::equal(magic.begin(), magic.end(), found.begin())) throw FormatError(name + " does not start with " + std::string(magic));
  const uint16_t version = in.u16();
  if (version != kVersion) {
    throw FormatError(name + " has format version " + std::to_string(version) + "; this build reads version " +
                      std::to_string(kVersion));
  }
  in.skip(2);
}

/** A name that no file has: a second checkpoint of one sequence must not touch what the first names. */
std::string free_name(const std::string& directory, const std::string& wanted) {
  std::string name = wanted;
  for (int i = 1; path_exists(directory + "/" + name); i++) name = wanted + "." + std::to_string(i);
  return name;
}

/**
 * Removed again unless it is kept: checkpoints are tried every second while the disk is full, and what
 * each left behind would take the space that the next one wants.
 */
class CrcFile {
 public:
  CrcFile(const std::string& directory, const std::string& wanted)
      : name_(free_name(directory, wanted)), path_(directory + "/" + name_), file_(File::create(path_)) {}
  ~CrcFile() {
    if (kept_) return;
    try {
      remove_file(path_);
    } catch (const IoError&) {
      // No manifest names it, so the next checkpoint that succeeds removes it.
    }
  }
  CrcFile(const CrcFile&) = delete;
  CrcFile& operator=(const CrcFile&) = delete;

  void write(std::span<const uint8_t> bytes) {
    file_.pwrite_all(bytes, size_);
    crc_ = crc32c(bytes, crc_);
    size_ += bytes.size();
  }
  FileRef finish() {
    file_.fdatasync();
    file_.close();
    return {name_, crc_};
  }
  void keep() noexcept { kept_ = true; }
  uint64_t size() const noexcept { return size_; }

 private:
  std::string name_;
  std::string path_;
  File file_;
  uint64_t size_ = 0;
  uint32_t crc_ = 0;
  bool kept_ = false;
};

std::string numbered(const char* kind, uint64_t sequence) { return std::string(kind) + "." + std::to_string(sequence); }

/** Writes the graph of one vector if it grew enough; else the manifest goes on naming the old file. */
void write_graph(const Generation& generation, VectorSpace& space, const CheckpointPlan& plan, ManifestVector& entry,
                 uint64_t& bytes) {
  const auto graph = space.graph();
  if (graph != space.saved_graph_of.lock()) {
    // Built anew with other parameters: the file of the old graph is of no use.
    space.saved_graph.reset();
    space.saved_graph_bytes = 0;
    space.saved_graph_rows.store(0);
    space.saved_graph_of = graph;
  }
  if (graph == nullptr) return;
  const uint32_t rows = graph->indexed_rows();
  const uint32_t saved = space.saved_graph.has_value() ? space.saved_graph->rows : 0;
  const bool grew = plan.closing ? rows > saved : rows > saved * kGraphGrowth;
  if (rows > 0 && (grew || !space.saved_graph.has_value())) {
    CrcFile file(generation.directory(), "graph." + std::to_string(space.index()) + "." + std::to_string(plan.manifest.sequence));
    const uint32_t covered = graph->save([&](std::span<const uint8_t> piece) { file.write(piece); });
    space.saved_graph = ManifestGraph{file.finish(), covered};
    file.keep();
    space.saved_graph_bytes = file.size();
    space.saved_graph_rows.store(covered);
  }
  entry.graph = space.saved_graph;
  bytes += space.saved_graph_bytes;
}

/** The crcs of row blocks come after what the plan copied: they are read from the disk, off the strand. */
void append_block_crcs(CheckpointPlan& plan) {
  ByteWriter out;
  for (size_t v = 0; v < plan.generation->vectors.size(); v++) {
    VectorSpace& space = *plan.generation->vectors[v];
    const std::vector<uint32_t> crcs = space.update_block_crcs(plan.manifest.vectors[v].rows);
    out.count(crcs.size());
    out.u32s(crcs);
  }
  const auto bytes = out.view();
  plan.slots.insert(plan.slots.end(), bytes.begin(), bytes.end());
}

std::set<std::string> named_files(const Manifest& manifest) {
  std::set<std::string> names{manifest.slots_file.name, manifest.fields_file.name};
  for (const ManifestVector& entry : manifest.vectors) {
    if (entry.graph.has_value()) names.insert(entry.graph->file.name);
  }
  return names;
}

void delete_unnamed(const std::string& directory, const Manifest& manifest) {
  if (!path_exists(directory)) return;
  const std::set<std::string> named = named_files(manifest);
  for (const std::string& name : list_directory(directory)) {
    // Row files are not judged here: one may have been made after the manifest was planned.
    if (!named.contains(name) && !name.starts_with("rows.")) remove_file(directory + "/" + name);
  }
}

void delete_other_keys(Store& store, const Manifest& manifest) {
  StoreIterator keys = store.iterate(Key::of_shard(manifest.collection, manifest.shard));
  while (keys.next()) {
    constexpr size_t kGenerationAt = 12;
    const std::string_view key = keys.key();
    if (key.size() < kGenerationAt + 4) throw FormatError("a key of RocksDB is too short");
    uint32_t generation = 0;
    for (size_t i = 0; i < 4; i++) generation = generation << 8 | static_cast<uint8_t>(key[kGenerationAt + i]);
    if (generation != manifest.generation) {
      store.remove_prefix(Key::of_generation(manifest.collection, manifest.shard, generation));
    }
    if (generation == UINT32_MAX) return;
    keys.seek(Key::of_generation(manifest.collection, manifest.shard, generation + 1));
  }
}

}  // namespace

CheckpointPlan plan_checkpoint(std::shared_ptr<Generation> generation, uint64_t collection, uint32_t shard, bool closing) {
  CheckpointPlan plan;
  plan.closing = closing;
  Manifest& manifest = plan.manifest;
  manifest.collection = collection;
  manifest.shard = shard;
  manifest.generation = generation->number();
  manifest.sequence = generation->sequence.load();
  manifest.slots = generation->slots.count();
  manifest.live = generation->slots.live_count();
  ByteWriter slots;
  write_header(slots, kSlotsMagic);
  generation->slots.save(slots);
  generation->ids.save(slots);
  for (const auto& space : generation->vectors) {
    space->save(slots);
    ManifestVector entry;
    entry.index = space->index();
    if (space->has_rows()) {
      entry.rows = space->rows().rows();
      if (entry.rows > 0) entry.row_file = space->row_file_name();
    }
    manifest.vectors.push_back(entry);
  }
  plan.slots = slots.take();
  for (const ClockTag& tag : generation->clocks.newest()) manifest.newest_clocks.push_back({tag.peer, tag.clock, tag.tick});
  ByteWriter fields;
  write_header(fields, kFieldsMagic);
  generation->fields.save(fields);
  plan.fields = fields.take();
  plan.generation = std::move(generation);
  return plan;
}

void write_checkpoint(const std::string& shard_directory, CheckpointPlan& plan, Log& log) {
  Generation& generation = *plan.generation;
  Manifest& manifest = plan.manifest;
  const std::string& directory = generation.directory();
  if (manifest.sequence > 0) log.sync(manifest.sequence);
  create_directories(directory);
  for (const auto& space : generation.vectors) {
    if (space->has_rows() && space->rows().rows() > 0) space->rows().sync();
  }
  generation.store().flush_wal(true);
  append_block_crcs(plan);
  CrcFile slots(directory, numbered("slots", manifest.sequence));
  slots.write(plan.slots);
  manifest.slots_file = slots.finish();
  CrcFile fields(directory, numbered("fields", manifest.sequence));
  fields.write(plan.fields);
  manifest.fields_file = fields.finish();
  uint64_t bytes = slots.size() + fields.size();
  for (size_t v = 0; v < generation.vectors.size(); v++) {
    write_graph(generation, *generation.vectors[v], plan, manifest.vectors[v], bytes);
  }
  sync_directory(directory);
  // A manifest that could not be synced may be on the disk all the same.
  slots.keep();
  fields.keep();
  write_manifest(shard_directory, manifest);
  generation.checkpoint_bytes.store(bytes, std::memory_order_relaxed);
  delete_unnamed(directory, manifest);
}

void load_checkpoint(Generation& generation, const Manifest& manifest) {
  const std::string& directory = generation.directory();
  const auto slots_bytes = read_verified(directory, manifest.slots_file);
  ByteReader in(slots_bytes);
  read_header(in, kSlotsMagic, manifest.slots_file.name);
  generation.slots.load(in);
  const uint32_t count = generation.slots.count();
  if (count != manifest.slots) throw FormatError(manifest.slots_file.name + " has another number of slots than its manifest");
  generation.ids.load(in, count);
  if (manifest.vectors.size() != generation.vectors.size()) {
    throw FormatError("the manifest names " + std::to_string(manifest.vectors.size()) + " vectors, the collection has " +
                      std::to_string(generation.vectors.size()));
  }
  for (size_t v = 0; v < generation.vectors.size(); v++) {
    generation.vectors[v]->load(in, manifest.vectors[v].rows, generation.slots);
  }
  for (const auto& space : generation.vectors) {
    std::vector<uint32_t> crcs(in.count(sizeof(uint32_t)));
    in.u32s(crcs);
    space->set_block_crcs(std::move(crcs));
  }
  in.expect_end();
  const auto fields_bytes = read_verified(directory, manifest.fields_file);
  ByteReader fields(fields_bytes);
  read_header(fields, kFieldsMagic, manifest.fields_file.name);
  generation.fields.load(fields, count);
  fields.expect_end();
  for (const ManifestClock& clock : manifest.newest_clocks) generation.clocks.note({clock.peer, clock.clock, clock.tick});
  generation.sequence.store(manifest.sequence);
  generation.checkpoint_bytes.store(slots_bytes.size() + fields_bytes.size());
}

void delete_stale(const std::string& shard_directory, const Manifest& manifest, Store& store) {
  const std::string segments = shard_directory + "/segments";
  const std::string current = std::to_string(manifest.generation);
  if (path_exists(segments)) {
    for (const std::string& name : list_directory(segments)) {
      if (name != current) remove_directory(segments + "/" + name);
    }
    delete_unnamed(segments + "/" + current, manifest);
  }
  delete_other_keys(store, manifest);
}

}  // namespace vdb
