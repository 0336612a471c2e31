#include "graph/linker.h"

#include <algorithm>
#include <array>

namespace vdb {

namespace {

/** Candidates are compared with so many chosen ones per call: most are refused by one of the nearest. */
constexpr std::size_t kCompared = 8;

void append_links(std::span<const LinkTable::Link> links, std::vector<std::uint32_t>& list) {
  for (const LinkTable::Link& link : links) {
    const LinkTable::Link row = LinkTable::load(link);
    if (row < 0) break;
    list.push_back(static_cast<std::uint32_t>(row));
  }
}

}  // namespace

Linker::Linker(const RowSpace& rows, LinkTable& table, NodeLocks& locks, unsigned ef_construct, bool codes)
    : rows_(rows),
      table_(table),
      locks_(locks),
      ef_construct_(ef_construct),
      codes_(codes),
      forms_{rows.natural_form()} {
  if (rows.spec().distance == Distance::kDot) forms_.push_back(Query::Form::kSquared);
}

void Linker::link(std::uint32_t row, std::uint32_t entry) {
  const unsigned level = std::min(table_.level_of(row), table_.level_of(entry));
  table_.set_present(row);
  find_candidates(row, entry, level);
  for (unsigned l = 0; l <= level; l++) link_level(row, l);
}

void Linker::find_candidates(std::uint32_t row, std::uint32_t entry, unsigned level) {
  const unsigned top = table_.level_of(entry);
  found_.assign(level + 1, {});
  std::array<Query, 2> self;
  std::array<Hit, 2> near;
  for (std::size_t f = 0; f < forms_.size(); f++) {
    rows_.prepare_from_row(row, codes_, forms_[f], self[f]);
    Walker walker(rows_, table_, self[f], codes_, row);
    near[f] = walker.start(entry);
    if (top > level) near[f] = walker.descend(near[f], top, level + 1);
  }
  for (unsigned l = level + 1; l-- > 0;) {
    start_ = near[0].row;
    for (std::size_t f = 0; f < forms_.size(); f++) {
      const auto found = Walker(rows_, table_, self[f], codes_, row).nearest(near[f], l, ef_construct_);
      near[f] = {found.front().distance, found.front().row};
      for (const Pool::Entry& candidate : found) found_[l].push_back(candidate.row);
    }
  }
}

void Linker::link_level(std::uint32_t row, unsigned level) {
  const std::span<LinkTable::Link> links = table_.links(row, level);
  list_.swap(found_[level]);
  {
    const auto held = locks_.hold(row);
    append_links(links, list_);
    std::sort(list_.begin(), list_.end());
    list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
    choose(row, level);
    LinkTable::store_list(links, chosen_);
  }
  targets_ = chosen_;
  if (level == 0 && !table_.attached(row)) attach(row);
  for (const std::uint32_t to : targets_) link_back(to, row, level);
}

void Linker::link_back(std::uint32_t to, std::uint32_t row, unsigned level) {
  const std::span<LinkTable::Link> links = table_.links(to, level);
  const auto held = locks_.hold(to);
  list_.clear();
  append_links(links, list_);
  if (std::find(list_.begin(), list_.end(), row) != list_.end()) return;
  if (list_.size() < links.size()) {
    LinkTable::store(links[list_.size()], static_cast<LinkTable::Link>(row));
    return;
  }
  list_.push_back(row);
  choose(to, level);
  LinkTable::store_list(links, chosen_);
}

/**
 * Finds a parent for a row whose targets are chosen: the nearest that has no more than its share of
 * children, so that lists keep room for what is chosen by nearness; else the nearest that can take one
 * at all; else somebody below the row that the walk began at, for a tree always has a leaf.
 *
 * The parent is attached before, so there are no circles; nearest is by the last form, because by
 * products of Dot the same few rows would be nearest to all.
 */
void Linker::attach(std::uint32_t row) {
  std::rotate(targets_.begin(), targets_.begin() + static_cast<std::ptrdiff_t>(last_form_), targets_.end());
  const std::size_t room = table_.room(0);
  for (const std::size_t children_max : {room / 4, room})
    for (const std::uint32_t to : targets_)
      if (table_.attached(to) && attach_to(to, row, children_max)) return;
  std::uint32_t parent = start_;
  while (!attach_to(parent, row, room)) parent = any_child(parent);
}

bool Linker::attach_to(std::uint32_t parent, std::uint32_t row, std::size_t children_max) {
  {
    // Before the parent knows of the row, so that nobody finds the row without a way back.
    const std::span<LinkTable::Link> links = table_.links(row, 0);
    const auto held = locks_.hold(row);
    list_.clear();
    append_links(links, list_);
    if (std::find(list_.begin(), list_.end(), parent) == list_.end()) {
      // A row that is not attached has no children to keep.
      const std::size_t place = std::min(list_.size(), links.size() - 1);
      LinkTable::store(links[place], static_cast<LinkTable::Link>(parent));
    }
    table_.intend_parent(row, parent);
  }
  const std::span<LinkTable::Link> links = table_.links(parent, 0);
  const auto held = locks_.hold(parent);
  list_.clear();
  append_links(links, list_);
  const auto kept = [&](std::uint32_t other) { return table_.must_keep(parent, other); };
  const auto child = [&](std::uint32_t other) { return table_.is_child(other, parent); };
  if (static_cast<std::size_t>(std::count_if(list_.begin(), list_.end(), child)) >= children_max) return false;
  if (std::find(list_.begin(), list_.end(), row) == list_.end()) {
    if (list_.size() < links.size()) {
      LinkTable::store(links[list_.size()], static_cast<LinkTable::Link>(row));
    } else {
      if (std::all_of(list_.begin(), list_.end(), kept)) return false;
      list_.push_back(row);
      choose(parent, 0, row);
      LinkTable::store_list(links, chosen_);
    }
  }
  table_.attach(row, parent);
  return true;
}

/** Of a row whose list the tree has filled. */
std::uint32_t Linker::any_child(std::uint32_t row) {
  const auto held = locks_.hold(row);
  list_.clear();
  append_links(table_.links(row, 0), list_);
  return *std::find_if(list_.begin(), list_.end(), [&](std::uint32_t other) { return table_.is_child(other, row); });
}

/** Chooses the links of `row` among the rows of the list; a `newcomer` is to become its child. */
void Linker::choose(std::uint32_t row, unsigned level, std::uint32_t newcomer) {
  const std::size_t room = table_.room(level);
  chosen_.clear();
  for (std::size_t f = 0; f < forms_.size(); f++) {
    last_form_ = chosen_.size();
    choose_by(forms_[f], row, room * (f + 1) / forms_.size());
  }
  if (level == 0) keep_tree(row, newcomer);
}

/**
 * Adds what the tree needs and nearness did not choose. Mostly there is room, for nearness chooses fewer
 * than fit; where there is not, the last chosen ones give way.
 */
void Linker::keep_tree(std::uint32_t row, std::uint32_t newcomer) {
  const std::size_t room = table_.room(0);
  const auto kept = [&](std::uint32_t other) { return other == newcomer || table_.must_keep(row, other); };
  for (const std::uint32_t other : list_) {
    if (!kept(other) || std::find(chosen_.begin(), chosen_.end(), other) != chosen_.end()) continue;
    if (chosen_.size() == room) {
      const auto last = std::find_if_not(chosen_.rbegin(), chosen_.rend(), kept);
      chosen_.erase(std::next(last).base());
    }
    chosen_.push_back(other);
  }
}

/** Takes a row of the list, nearest first, when it is nearer to `row` than to every other taken here. */
void Linker::choose_by(Query::Form form, std::uint32_t row, std::size_t limit) {
  rows_.prepare_from_row(row, codes_, form, own_);
  distances_.resize(list_.size());
  score(own_, list_, distances_.data());
  candidates_.clear();
  for (std::size_t i = 0; i < list_.size(); i++) candidates_.push_back({distances_[i], list_[i]});
  std::sort(candidates_.begin(), candidates_.end());
  const std::size_t taken_before = chosen_.size();
  float distances[kCompared];
  for (const Hit& candidate : candidates_) {
    if (chosen_.size() >= limit) break;
    const auto before = chosen_.begin() + static_cast<std::ptrdiff_t>(taken_before);
    if (std::find(chosen_.begin(), before, candidate.row) != before) continue;
    if (chosen_.size() > taken_before) rows_.prepare_from_row(candidate.row, codes_, form, other_);
    bool apart = true;
    for (std::size_t first = taken_before; apart && first < chosen_.size(); first += kCompared) {
      const std::size_t count = std::min(kCompared, chosen_.size() - first);
      score(other_, std::span(chosen_).subspan(first, count), distances);
      for (std::size_t i = 0; i < count; i++) apart = apart && !(distances[i] < candidate.distance);
    }
    if (apart) chosen_.push_back(candidate.row);
  }
}

void Linker::score(const Query& query, std::span<const std::uint32_t> list, float* out) const {
  if (codes_)
    rows_.score_code_rows(query, list, out);
  else
    rows_.score_exact_rows(query, list, out);
}

}  // namespace vdb
