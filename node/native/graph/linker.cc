#include "graph/linker.h"

#include <algorithm>

namespace vdb {

namespace {

/** Candidates are compared with so many chosen ones per call: most are refused by one of the nearest. */
constexpr std::size_t kCompared = 8;

void score(const RowSpace& rows, const Query& query, bool codes, std::span<const std::uint32_t> list, float* out) {
  if (codes)
    rows.score_code_rows(query, list, out);
  else
    rows.score_exact_rows(query, list, out);
}

}  // namespace

void Linker::link(std::uint32_t row, std::uint32_t entry) {
  rows_.prepare_from_row(row, codes_, self_);
  Walker walker(rows_, table_, self_, codes_, row);
  const unsigned top = table_.level_of(entry);
  const unsigned level = std::min(table_.level_of(row), top);
  Hit near = walker.start(entry);
  if (top > level) near = walker.descend(near, top, level + 1);
  table_.set_present(row);
  for (unsigned l = level + 1; l-- > 0;) {
    const std::span<const Pool::Entry> found = walker.nearest(near, l, ef_construct_);
    near = {found.front().distance, found.front().row};
    link_level(row, l, found);
  }
}

void Linker::link_level(std::uint32_t row, unsigned level, std::span<const Pool::Entry> found) {
  candidates_.clear();
  for (const Pool::Entry& entry : found) candidates_.push_back({entry.distance, entry.row});
  const std::span<LinkTable::Link> links = table_.links(row, level);
  {
    const auto held = locks_.hold(row);
    list_.clear();
    for (const LinkTable::Link& link : links) {
      const LinkTable::Link other = LinkTable::load(link);
      if (other < 0) break;
      list_.push_back(static_cast<std::uint32_t>(other));
    }
    if (!list_.empty()) {
      distances_.resize(list_.size());
      score(rows_, self_, codes_, list_, distances_.data());
      for (std::size_t i = 0; i < list_.size(); i++) candidates_.push_back({distances_[i], list_[i]});
      std::sort(candidates_.begin(), candidates_.end());
      candidates_.erase(std::unique(candidates_.begin(), candidates_.end(),
                                    [](const Hit& a, const Hit& b) { return a.row == b.row; }),
                        candidates_.end());
    }
    select(candidates_, table_.room(level), chosen_);
    LinkTable::store_list(links, chosen_);
  }
  list_ = chosen_;
  for (const std::uint32_t to : list_) link_back(to, row, level);
}

void Linker::link_back(std::uint32_t to, std::uint32_t row, unsigned level) {
  const std::span<LinkTable::Link> links = table_.links(to, level);
  const auto held = locks_.hold(to);
  std::size_t count = 0;
  while (count < links.size()) {
    const LinkTable::Link other = LinkTable::load(links[count]);
    if (other < 0) break;
    if (static_cast<std::uint32_t>(other) == row) return;
    count++;
  }
  if (count < links.size()) {
    LinkTable::store(links[count], static_cast<LinkTable::Link>(row));
    return;
  }
  chosen_.clear();
  for (const LinkTable::Link& link : links) chosen_.push_back(static_cast<std::uint32_t>(LinkTable::load(link)));
  chosen_.push_back(row);
  distances_.resize(chosen_.size());
  rows_.prepare_from_row(to, codes_, other_);
  score(rows_, other_, codes_, chosen_, distances_.data());
  candidates_.clear();
  for (std::size_t i = 0; i < chosen_.size(); i++) candidates_.push_back({distances_[i], chosen_[i]});
  std::sort(candidates_.begin(), candidates_.end());
  select(candidates_, links.size(), chosen_);
  LinkTable::store_list(links, chosen_);
}

/** Keeps a candidate that is nearer to the row than to every candidate kept before it. */
void Linker::select(std::span<const Hit> candidates, std::size_t limit, std::vector<std::uint32_t>& chosen) {
  chosen.clear();
  float distances[kCompared];
  for (const Hit& candidate : candidates) {
    if (chosen.size() >= limit) break;
    if (!chosen.empty()) rows_.prepare_from_row(candidate.row, codes_, other_);
    bool apart = true;
    for (std::size_t first = 0; apart && first < chosen.size(); first += kCompared) {
      const std::size_t count = std::min(kCompared, chosen.size() - first);
      score(rows_, other_, codes_, std::span(chosen).subspan(first, count), distances);
      for (std::size_t i = 0; i < count; i++) apart = apart && !(distances[i] < candidate.distance);
    }
    if (apart) chosen.push_back(candidate.row);
  }
}

}  // namespace vdb
