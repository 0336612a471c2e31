// A graph as bytes (docs/internals/storage.md, "Graph files"), and a graph carried over to a new
// generation of rows.
#include <algorithm>
#include <bit>
#include <cmath>
#include <shared_mutex>
#include <string>
#include <utility>

#include "graph/graph.h"
#include "graph/spanning_tree.h"
#include "io/bytes.h"

namespace vdb {

namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::uint32_t kNoEntry = 0xffffffff;
constexpr std::size_t kPiece = 1u << 20;
/** With twice as many, a vacuum of a quarter of the rows would build most graphs anew. */
constexpr unsigned kFewLinks = 4;

/** The links of a row, copied while nobody changes them. */
void copy_links(const LinkTable& table, NodeLocks& locks, std::uint32_t row, unsigned level,
                std::vector<std::uint32_t>& out) {
  out.clear();
  const auto held = locks.hold(row);
  for (const LinkTable::Link& link : table.links(row, level)) {
    const LinkTable::Link to = LinkTable::load(link);
    if (to < 0) break;
    out.push_back(static_cast<std::uint32_t>(to));
  }
}

/** The row of those there that is on the highest level, the lowest number of equals; kNoEntry without any. */
std::uint32_t highest(const LinkTable& table, const std::vector<bool>& there) {
  std::uint32_t entry = kNoEntry;
  for (std::uint32_t row = 0; row < there.size(); row++)
    if (there[row] && (entry == kNoEntry || table.level_of(row) > table.level_of(entry))) entry = row;
  return entry;
}

/** First power of two above `rows`, where the next sample of the codes is due. */
std::uint32_t next_sample_after(std::uint32_t rows) { return std::max(256u, std::bit_ceil(rows + 1)); }

[[noreturn]] void refuse(const std::string& why) { throw FormatError("the graph file " + why); }

}  // namespace

std::uint32_t Graph::save(const std::function<void(std::span<const std::uint8_t>)>& sink) const {
  // A graph whose rows choose their links again is not worth keeping: it is built as fast anew.
  const std::uint32_t rows = is_choosing_again() ? 0 : indexed_rows();
  const std::shared_ptr<const LinkTable> table = this->table();
  // Fixed at the beginning: rows that wait are inserted meanwhile, and links to them are not to be written then.
  std::vector<bool> there(table ? std::min(rows, table->capacity()) : 0);
  for (std::uint32_t row = 0; row < there.size(); row++) there[row] = table->attached(row);
  ByteWriter out(kPiece + 4096);
  out.raw(std::string_view("VGRF"));
  out.u16(kVersion);
  out.u16(static_cast<std::uint16_t>(options_.m));
  out.u32(rows);
  out.u32(table ? highest(*table, there) : kNoEntry);
  out.f32(code_overlap());
  out.u8(static_cast<std::uint8_t>(walk()));
  const auto flush = [&](std::size_t above) {
    if (out.size() <= above) return;
    sink(out.view());
    out.take();
  };
  for (std::uint32_t row = 0; row < rows; row++) {
    out.u8(row < there.size() && there[row] ? static_cast<std::uint8_t>(table->level_of(row) + 1) : 0);
    flush(kPiece);
  }
  std::vector<std::uint32_t> links;
  for (std::uint32_t row = 0; row < there.size(); row++) {
    if (!there[row]) continue;
    for (unsigned level = 0; level <= table->level_of(row); level++) {
      copy_links(*table, locks_, row, level, links);
      std::erase_if(links, [&](std::uint32_t to) { return to >= there.size() || !there[to]; });
      out.u16(static_cast<std::uint16_t>(links.size()));
      out.u32s(links);
    }
    flush(kPiece);
  }
  flush(0);
  return rows;
}

std::unique_ptr<Graph> Graph::load(const RowSpace& rows, const GraphOptions& options,
                                   std::span<const std::uint8_t> bytes, std::uint32_t row_limit) {
  auto graph = std::make_unique<Graph>(rows, options);
  ByteReader in(bytes);
  const auto magic = in.raw(4);
  if (!std::equal(magic.begin(), magic.end(), "VGRF")) refuse("is not one");
  const std::uint16_t version = in.u16();
  if (version != kVersion)
    refuse("has format version " + std::to_string(version) + ", this build knows " + std::to_string(kVersion));
  const std::uint16_t m = in.u16();
  if (m != options.m) refuse("was built with m " + std::to_string(m) + ", not " + std::to_string(options.m));
  const std::uint32_t count = in.u32();
  const std::uint32_t entry = in.u32();
  const float overlap = in.f32();
  const std::uint8_t walk = in.u8();
  const auto levels = in.raw(count);
  if (std::min(count, row_limit) > rows.rows()) refuse("counts more rows than there are");
  if (entry != kNoEntry && entry >= count) refuse("has an entry that it does not hold");
  if (!(overlap >= 0 && overlap <= 1) || walk > 1) refuse("has a damaged header");
  const std::uint32_t kept = std::min(count, row_limit);

  std::vector<std::uint8_t> heights(levels.begin(), levels.begin() + kept);
  const unsigned levels_max = LinkTable(options.m, 0).levels_max();
  for (std::uint8_t& height : heights) {
    if (height > levels_max) refuse("has a row on a level that cannot be");
    height = height == 0 ? 0 : height - 1;
  }
  auto table = std::make_shared<LinkTable>(options.m, heights, kept);
  for (std::uint32_t row = 0; row < kept; row++) {
    if (levels[row] != 0) table->set_present(row);
    // It waited when the file was written; or it died since the checkpoint, which a replay may not know yet.
    else if (rows.live(row)) graph->again_.push_back(row);
  }

  std::vector<std::uint32_t> links;
  for (std::uint32_t row = 0; row < kept; row++) {
    for (unsigned level = 0; level < levels[row]; level++) {
      links.resize(in.u16());
      if (links.size() > table->room(level)) refuse("has more links at a row than fit");
      in.u32s(links);
      const std::size_t before = links.size();
      std::erase_if(links, [&](std::uint32_t to) { return to >= kept && to < count; });
      for (std::size_t i = 0; i < links.size(); i++) {
        const std::uint32_t to = links[i];
        if (to >= kept || to == row || levels[to] <= level) refuse("has a link to a row that cannot be there");
        if (std::find(links.begin(), links.begin() + static_cast<std::ptrdiff_t>(i), to) !=
            links.begin() + static_cast<std::ptrdiff_t>(i))
          refuse("has a link twice");
      }
      LinkTable::store_list(table->links(row, level), links);
      if (level == 0 && graph->lost_many(before, links.size())) graph->again_.push_back(row);
    }
  }
  if (kept == count) in.expect_end();
  graph->adopt(std::move(table), kept);
  graph->code_overlap_.store(overlap);
  // The sample that found the codes poor is not taken again, so what it found is kept.
  if (walk == static_cast<std::uint8_t>(Walk::kRows) && overlap < kOverlapMin) graph->walk_.store(Walk::kRows);
  return graph;
}

std::unique_ptr<Graph> Graph::remap(const Graph& old, std::span<const std::uint32_t> new_row, const RowSpace& rows,
                                    const GraphOptions& options) {
  auto graph = std::make_unique<Graph>(rows, options);
  const std::shared_ptr<const LinkTable> from = old.table();
  if (!from || old.options_.m != options.m || old.is_choosing_again()) return graph;
  const std::uint32_t known = static_cast<std::uint32_t>(
      std::min<std::size_t>({old.indexed_rows(), from->capacity(), new_row.size()}));

  std::vector<std::uint32_t> old_row(rows.rows(), kGone);
  for (std::uint32_t row = 0; row < known; row++)
    if (new_row[row] < old_row.size() && from->present(row)) old_row[new_row[row]] = row;
  // Rows are in order of their insertion, so what is carried over is a prefix; the rest is inserted as new.
  std::uint32_t kept = 0;
  std::vector<std::uint8_t> heights;
  while (kept < old_row.size() && old_row[kept] != kGone)
    heights.push_back(static_cast<std::uint8_t>(from->level_of(old_row[kept++])));

  auto table = std::make_shared<LinkTable>(options.m, heights, rows.rows());
  for (std::uint32_t row = 0; row < kept; row++) table->set_present(row);
  std::vector<std::uint32_t> links;
  for (std::uint32_t row = 0; row < kept; row++) {
    for (unsigned level = 0; level <= table->level_of(row); level++) {
      copy_links(*from, old.locks_, old_row[row], level, links);
      const std::size_t before = links.size();
      for (std::uint32_t& to : links) to = to < known ? new_row[to] : kGone;
      std::erase_if(links, [&](std::uint32_t to) { return to >= kept; });
      LinkTable::store_list(table->links(row, level), links);
      if (level > 0) continue;
      if (graph->lost_many(before, links.size()) || !from->attached(old_row[row])) graph->again_.push_back(row);
    }
  }
  graph->adopt(std::move(table), kept);
  graph->code_overlap_.store(old.code_overlap());
  if (old.code_overlap() < kOverlapMin) graph->walk_.store(Walk::kRows);
  return graph;
}

/**
 * Most, or some and few are left. Without the second, vacuums wear lists down by one link after the
 * other: after 15 of 3,000 rows, a fifth replaced each time, one in 2,000 was not found by its own
 * vector, and none with it.
 */
bool Graph::lost_many(std::size_t before, std::size_t after) const {
  return after == 0 || after * 2 < before || (after < before && after < std::min(kFewLinks, options_.m / 2));
}

/** Takes a filled table over, before anyone else knows of this graph. */
void Graph::adopt(std::shared_ptr<LinkTable> table, std::uint32_t rows) {
  const std::uint32_t entry = mend(*table, rows);
  // With so many to insert anyway those left would not find each other: the graph starts anew.
  if (again_.size() * 4 > rows) {
    again_.clear();
    return;
  }
  if (entry != kNoEntry) table->set_entry(entry);
  if (!again_.empty()) {
    waiting_ = std::make_shared<const Rows>(again_);
    some_wait_.store(true);
  }
  next_row_ = rows;
  next_sample_.store(next_sample_after(rows));
  publish(std::move(table));
}

/**
 * Makes the tree from the entry, which it returns, to every row that is not to be inserted again. Rows
 * that no links lead to are to be: they may have lost none of theirs, if what is gone was the bridge.
 *
 * Those that are inserted again lose the links that they have left: beside such near ones the far ones
 * that lead to the rest of the graph would not be chosen, and after replacing all rows half of the graph
 * could not be reached. Others keep the links to them, but on the lowest level only: whoever comes down
 * to such a row finds no way on.
 */
std::uint32_t Graph::mend(LinkTable& table, std::uint32_t rows) {
  std::vector<bool> there(rows);
  std::vector<bool> waits(rows);
  for (std::uint32_t row = 0; row < rows; row++) there[row] = table.present(row);
  const auto unlink = [&](std::uint32_t row) {
    there[row] = false;
    waits[row] = true;
    for (unsigned level = 0; level <= table.level_of(row); level++) LinkTable::store_list(table.links(row, level), {});
  };
  for (const std::uint32_t row : again_) unlink(row);
  const std::uint32_t entry = highest(table, there);
  if (entry == kNoEntry) return entry;
  grow_tree(table, rows, entry, waits);
  for (std::uint32_t row = 0; row < rows; row++) {
    if (!there[row] || table.attached(row)) continue;
    unlink(row);
    again_.push_back(row);
  }
  Rows links;
  for (std::uint32_t row = 0; row < rows; row++) {
    for (unsigned level = 1; there[row] && level <= table.level_of(row); level++) {
      copy_links(table, locks_, row, level, links);
      std::erase_if(links, [&](std::uint32_t to) { return waits[to]; });
      LinkTable::store_list(table.links(row, level), links);
    }
  }
  return entry;
}

}  // namespace vdb
