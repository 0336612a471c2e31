#include "graph/graph.h"

#include <algorithm>
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

bool Graph::claim(std::uint32_t& row) {
  const std::lock_guard guard(queue_mutex_);
  if (!again_.empty()) {
    row = again_.back();
    again_.pop_back();
    return true;
  }
  if (next_row_ >= rows_.rows()) return false;
  in_flight_.push_back(next_row_);
  row = next_row_++;
  return true;
}

void Graph::finish(std::uint32_t row) {
  const std::lock_guard guard(queue_mutex_);
  std::erase(in_flight_, row);
}

void Graph::give_back(std::uint32_t row) {
  const std::lock_guard guard(queue_mutex_);
  // A new row stays in flight too, so that the watermark does not pass it.
  again_.push_back(row);
}

std::size_t Graph::insert_some(std::size_t limit) {
  std::size_t taken = 0;
  std::uint32_t row = 0;
  for (; taken < limit && claim(row); taken++) {
    try {
      ensure_capacity(row + 1);
      if (rows_.live(row)) insert_row(row);
    } catch (...) {
      give_back(row);
      throw;
    }
    finish(row);
    if (row + 1 >= next_sample_.load(std::memory_order_relaxed)) sample_codes(row + 1);
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
    table->set_entry(row);
    return;
  }
  const bool raised = raises(*table);
  insert(*table);
  if (raised) table->set_entry(row);
}

/** Where to start when the entry itself is inserted again: one of its neighbours, else any row. */
std::uint32_t Graph::another_row(const LinkTable& table, std::uint32_t row) {
  const LinkTable::Link neighbour = LinkTable::load(table.links(row, table.level_of(row)).front());
  if (neighbour >= 0) return static_cast<std::uint32_t>(neighbour);
  for (std::uint32_t other = 0; other < table.capacity(); other++)
    if (other != row && table.present(other)) return other;
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
  if (overlap < kOverlapMin) fall_back_to_rows(rows);
}

/** Links that were chosen by codes that order badly lead nowhere, so those rows choose again. */
void Graph::fall_back_to_rows(std::uint32_t rows) {
  walk_.store(Walk::kRows, std::memory_order_relaxed);
  const std::shared_ptr<LinkTable> table = this->table();
  const std::lock_guard guard(queue_mutex_);
  for (std::uint32_t row = 0; row < std::min(rows, table->capacity()); row++)
    if (table->present(row)) again_.push_back(row);
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
    if (table->present(row) && table->level_of(row) > table->level_of(static_cast<std::uint32_t>(table->entry())))
      fail(row, table->level_of(row), table->entry(), "is the entry on a lower level");
  }
}

}  // namespace vdb
