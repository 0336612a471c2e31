#include "graph/graph.h"

#include <algorithm>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <string>

#include "graph/linker.h"
#include "graph/scan.h"
#include "graph/walker.h"

namespace vdb {

namespace {

constexpr std::uint32_t kFirstCapacity = 1024;
/** From here on tables grow by a quarter: what a doubling leaves unused would be worth more than a copy. */
constexpr std::uint32_t kDoubledBelow = 1'000'000;

GraphOptions checked(GraphOptions options) {
  if (options.m < 2 || options.m > Graph::kLinksMax) throw std::invalid_argument("m must lie between 2 and 512");
  options.ef_construct = std::max(options.ef_construct, options.m);
  return options;
}

}  // namespace

Graph::Graph(const RowSpace& rows, const GraphOptions& options)
    : rows_(rows), options_(checked(options)), walk_(rows.has_codes() ? options.walk : Walk::kRows) {}

Graph::~Graph() = default;

std::shared_ptr<LinkTable> Graph::table() const {
  const std::lock_guard guard(table_mutex_);
  return table_;
}

void Graph::publish(std::shared_ptr<LinkTable> table) {
  const std::lock_guard guard(table_mutex_);
  // A search that walks the old table keeps it alive until it is done.
  table_.swap(table);
}

void Graph::ensure_capacity(std::uint32_t rows) {
  const auto fits = [&](const std::shared_ptr<LinkTable>& table) { return table && table->capacity() >= rows; };
  if (fits(table())) return;
  const std::unique_lock alone(gate_);
  const std::shared_ptr<LinkTable> old = table();
  if (fits(old)) return;
  const std::uint64_t now = old ? old->capacity() : 0;
  const std::uint64_t grown = now < kDoubledBelow ? now * 2 : now + now / 4;
  const auto capacity = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      std::max<std::uint64_t>({grown, rows, rows_.rows(), kFirstCapacity}), RowSpace::kRowsMax - 1));
  publish(old ? std::make_shared<LinkTable>(*old, capacity) : std::make_shared<LinkTable>(options_.m, capacity));
}

bool Graph::claim(Turn& turn) {
  const std::lock_guard guard(queue_mutex_);
  if (!again_.empty()) {
    turn = {again_.back(), true};
    again_.pop_back();
    again_in_flight_++;
    return true;
  }
  if (next_row_ >= rows_.rows()) return false;
  in_flight_.push_back(next_row_);
  turn = {next_row_++, false};
  return true;
}

void Graph::finish(const Turn& turn) {
  const std::lock_guard guard(queue_mutex_);
  // A new row that was given back comes a second time as one to be inserted again.
  std::erase(in_flight_, turn.row);
  if (!turn.again) return;
  again_in_flight_--;
  if (!again_.empty() || again_in_flight_ > 0) return;
  choosing_again_ = false;
  some_wait_.store(false, std::memory_order_release);
  waiting_.reset();
}

void Graph::give_back(const Turn& turn) {
  const std::lock_guard guard(queue_mutex_);
  if (turn.again) again_in_flight_--;
  // A new row stays in flight too, so that the watermark does not pass it.
  again_.push_back(turn.row);
}

std::size_t Graph::insert_some(std::size_t limit) {
  std::size_t taken = 0;
  Turn turn;
  for (; taken < limit && claim(turn); taken++) {
    try {
      ensure_capacity(turn.row + 1);
      if (rows_.live(turn.row)) insert_row(turn.row);
    } catch (...) {
      give_back(turn);
      throw;
    }
    finish(turn);
    if (turn.row + 1 >= next_sample_.load(std::memory_order_relaxed)) sample_codes(turn.row + 1);
  }
  return taken;
}

std::size_t Graph::pending() const {
  const std::lock_guard guard(queue_mutex_);
  return again_.size() + (rows_.rows() - next_row_);
}

std::uint32_t Graph::indexed_rows() const {
  const std::lock_guard guard(queue_mutex_);
  std::uint32_t below = next_row_;
  for (const std::uint32_t row : in_flight_) below = std::min(below, row);
  return below;
}

std::shared_ptr<const Graph::Rows> Graph::waiting() const {
  if (!some_wait_.load(std::memory_order_acquire)) return nullptr;
  const std::lock_guard guard(queue_mutex_);
  return waiting_;
}

bool Graph::is_choosing_again() const {
  const std::lock_guard guard(queue_mutex_);
  return choosing_again_;
}

void Graph::insert_row(std::uint32_t row) {
  const auto insert = [&](LinkTable& table) {
    std::uint32_t entry = static_cast<std::uint32_t>(table.entry());
    if (entry == row) entry = another_row(table, row);
    if (entry == row) return;
    Linker(rows_, table, locks_, options_.ef_construct, walk() == Walk::kCodes).link(row, entry);
  };
  const auto raises = [&](const LinkTable& table) {
    return table.entry() < 0 || table.level_of(row) > table.level_of(static_cast<std::uint32_t>(table.entry()));
  };
  {
    const std::shared_lock together(gate_);
    const std::shared_ptr<LinkTable> table = this->table();
    if (!raises(*table)) return insert(*table);
  }
  // On a level that has no rows yet nobody may look for neighbours, so nobody inserts meanwhile.
  const std::unique_lock alone(gate_);
  const std::shared_ptr<LinkTable> table = this->table();
  if (table->entry() < 0) {
    table->set_present(row);
    table->attach(row, row);
    table->set_entry(row);
    return;
  }
  const bool raised = raises(*table);
  insert(*table);
  if (raised) table->set_entry(row);
}

/** Where to start when the entry itself is inserted again: one of its neighbours, else any attached row. */
std::uint32_t Graph::another_row(const LinkTable& table, std::uint32_t row) {
  const LinkTable::Link neighbour = LinkTable::load(table.links(row, table.level_of(row)).front());
  if (neighbour >= 0 && table.attached(static_cast<std::uint32_t>(neighbour)))
    return static_cast<std::uint32_t>(neighbour);
  for (std::uint32_t other = 0; other < table.capacity(); other++)
    if (other != row && table.attached(other)) return other;
  return row;
}

std::uint64_t Graph::memory_bytes() const noexcept {
  const std::shared_ptr<LinkTable> table = this->table();
  return sizeof(*this) + (table ? table->memory_bytes() : 0);
}

void Graph::sample_codes(std::uint32_t rows) {
  std::uint32_t due = next_sample_.load(std::memory_order_relaxed);
  // One thread takes each sample; the others go on inserting.
  if (rows < due || !next_sample_.compare_exchange_strong(due, due * 2)) return;
  if (walk() != Walk::kCodes) return;
  constexpr std::uint32_t kQueries = 16;
  constexpr std::uint32_t kSampled = 8192;
  constexpr std::size_t kNearest = 10;
  std::vector<std::uint32_t> sample;
  const std::uint32_t step = std::max(1u, rows / kSampled);
  for (std::uint32_t row = 0; row < rows; row += step)
    if (rows_.live(row)) sample.push_back(row);
  if (sample.size() <= kNearest) return;
  std::size_t found = 0;
  std::vector<float> vector(rows_.spec().dimension);
  for (std::uint32_t q = 0; q < kQueries; q++) {
    rows_.read(sample[(sample.size() - 1) * q / (kQueries - 1)], vector);
    const Query query = rows_.prepare(vector);
    const auto exact = score_rows(rows_, query, sample, kNearest, Precision::kExact);
    const auto coded = score_rows(rows_, query, sample, kNearest, Precision::kCodes);
    // By distance and not by row: among equals any is right.
    for (std::size_t i = 0; i < coded.size(); i++) found += coded[i].distance <= exact.back().distance ? 1 : 0;
  }
  const float overlap = static_cast<float>(found) / static_cast<float>(kQueries * kNearest);
  code_overlap_.store(overlap, std::memory_order_relaxed);
  if (overlap < kOverlapMin) fall_back_to_rows();
}

/** Links that were chosen by codes that order badly lead nowhere, so those rows choose again. */
void Graph::fall_back_to_rows() {
  // Alone, so that each row is attached or begins on rows.
  const std::unique_lock alone(gate_);
  walk_.store(Walk::kRows, std::memory_order_relaxed);
  const std::shared_ptr<LinkTable> table = this->table();
  const std::lock_guard guard(queue_mutex_);
  choosing_again_ = true;
  for (std::uint32_t row = 0; row < table->capacity(); row++)
    if (table->attached(row)) again_.push_back(row);
}

void Graph::verify() const {
  const std::shared_ptr<LinkTable> table = this->table();
  if (!table) return;
  const auto fail = [](std::uint32_t row, unsigned level, std::int64_t to, const char* what) {
    throw std::logic_error("row " + std::to_string(row) + " on level " + std::to_string(level) + " links to " +
                           std::to_string(to) + ", which " + what);
  };
  for (std::uint32_t row = 0; row < table->capacity(); row++) {
    for (unsigned level = 0; level <= table->level_of(row); level++) {
      const auto links = std::as_const(*table).links(row, level);
      bool ended = false;
      for (std::size_t i = 0; i < links.size(); i++) {
        const LinkTable::Link to = LinkTable::load(links[i]);
        ended = ended || to < 0;
        if (to < 0) continue;
        const auto target = static_cast<std::uint32_t>(to);
        if (ended) fail(row, level, to, "comes after the end of the list");
        if (!table->present(row)) fail(row, level, to, "is linked from a row that was not inserted");
        if (target == row) fail(row, level, to, "is itself");
        if (target >= table->capacity()) fail(row, level, to, "does not exist");
        if (!table->present(target)) fail(row, level, to, "was not inserted");
        if (table->level_of(target) < level) fail(row, level, to, "is not on that level");
        if (std::find(links.begin(), links.begin() + static_cast<std::ptrdiff_t>(i), to) !=
            links.begin() + static_cast<std::ptrdiff_t>(i))
          fail(row, level, to, "is there twice");
      }
    }
    if (table->attached(row) && table->level_of(row) > table->level_of(static_cast<std::uint32_t>(table->entry())))
      fail(row, table->level_of(row), table->entry(), "is the entry on a lower level");
  }
  verify_tree(*table);
}

void Graph::verify_tree(const LinkTable& table) const {
  const auto fail = [](std::uint32_t row, const char* what) {
    throw std::logic_error("row " + std::to_string(row) + " " + what);
  };
  const auto holds = [&](std::uint32_t row, std::uint32_t other) {
    const auto links = table.links(row, 0);
    return std::find(links.begin(), links.end(), static_cast<LinkTable::Link>(other)) != links.end();
  };
  std::vector<bool> below_root(table.capacity());
  std::optional<std::uint32_t> root;
  Rows path;
  for (std::uint32_t row = 0; row < table.capacity(); row++) {
    if (!table.attached(row)) continue;
    path.clear();
    std::uint32_t at = row;
    for (; table.parent(at) != at && !below_root[at]; at = table.parent(at)) {
      const std::uint32_t parent = table.parent(at);
      if (parent >= table.capacity() || !table.attached(parent)) fail(at, "has a parent that is not attached");
      if (!holds(at, parent) || !holds(parent, at)) fail(at, "and its parent do not hold each other");
      path.push_back(at);
      if (path.size() > table.capacity()) fail(row, "is in a circle of parents");
    }
    if (table.parent(at) == at && root.value_or(at) != at) fail(at, "is a second root");
    if (table.parent(at) == at) root = at;
    for (const std::uint32_t passed : path) below_root[passed] = true;
  }
  for (std::uint32_t row = 0; row < std::min(indexed_rows(), table.capacity()); row++) {
    if (!rows_.live(row) || table.attached(row)) continue;
    const auto waiting = this->waiting();
    if (waiting == nullptr || std::find(waiting->begin(), waiting->end(), row) == waiting->end())
      fail(row, "is neither attached nor scanned");
  }
}

}  // namespace vdb
