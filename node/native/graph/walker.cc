#include "graph/walker.h"

#include <algorithm>

namespace vdb {

namespace {

/** Orders a heap so that its front is the nearest. */
bool farther(const Hit& a, const Hit& b) { return b < a; }

void push_frontier(std::vector<Hit>& frontier, Hit hit) {
  frontier.push_back(hit);
  std::push_heap(frontier.begin(), frontier.end(), farther);
}

Hit pop_frontier(std::vector<Hit>& frontier) {
  std::pop_heap(frontier.begin(), frontier.end(), farther);
  const Hit hit = frontier.back();
  frontier.pop_back();
  return hit;
}

}  // namespace

std::size_t Pool::insert(float distance, std::uint32_t row) {
  if (entries_.size() >= limit_) {
    if (!(distance < entries_.back().distance)) return entries_.size();
    entries_.pop_back();
  }
  const auto place = std::upper_bound(entries_.begin(), entries_.end(), distance,
                                      [](float d, const Entry& entry) { return d < entry.distance; });
  return static_cast<std::size_t>(entries_.insert(place, Entry{distance, row, 0}) - entries_.begin());
}

WalkScratch& WalkScratch::of_this_thread() {
  thread_local WalkScratch scratch;
  return scratch;
}

/** The neighbours of `row` that this walk has not seen yet become the batch. */
void Walker::gather_unseen(std::uint32_t row, unsigned level) {
  scratch_.batch.clear();
  for (const LinkTable::Link& link : table_.links(row, level)) {
    const LinkTable::Link value = LinkTable::load(link);
    if (value < 0) break;
    const auto neighbour = static_cast<std::uint32_t>(value);
    if (scratch_.visited.visit(neighbour)) scratch_.batch.push_back(neighbour);
  }
}

void Walker::score_batch() {
  scratch_.distances.resize(scratch_.batch.size());
  if (codes_)
    rows_.score_code_rows(query_, scratch_.batch, scratch_.distances.data());
  else
    rows_.score_exact_rows(query_, scratch_.batch, scratch_.distances.data());
}

Hit Walker::start(std::uint32_t row) const {
  return {codes_ ? rows_.score_code(query_, row) : rows_.score_exact(query_, row), row};
}

Hit Walker::descend(Hit from, unsigned from_level, unsigned to_level) {
  for (unsigned level = from_level + 1; level-- > to_level;) {
    bool nearer = true;
    while (nearer) {
      nearer = false;
      scratch_.batch.clear();
      for (const LinkTable::Link& link : table_.links(from.row, level)) {
        const LinkTable::Link row = LinkTable::load(link);
        if (row < 0) break;
        if (static_cast<std::uint32_t>(row) != self_) scratch_.batch.push_back(static_cast<std::uint32_t>(row));
      }
      score_batch();
      for (std::size_t i = 0; i < scratch_.batch.size(); i++) {
        if (!(scratch_.distances[i] < from.distance)) continue;
        from = {scratch_.distances[i], scratch_.batch[i]};
        nearer = true;
      }
    }
  }
  return from;
}

std::span<Pool::Entry> Walker::nearest(Hit from, unsigned level, std::size_t ef) {
  Pool& pool = scratch_.pool;
  scratch_.visited.begin(table_.capacity());
  if (self_ != kNobody) scratch_.visited.visit(self_);
  scratch_.visited.visit(from.row);
  pool.begin(ef);
  pool.insert(from.distance, from.row);
  std::size_t next = 0;
  while (next < pool.size()) {
    if (pool[next].followed) {
      next++;
      continue;
    }
    pool[next].followed = 1;
    gather_unseen(pool[next].row, level);
    // The likely next step: its links arrive while this one's rows are scored.
    if (next + 1 < pool.size()) prefetch_links(pool[next + 1].row, level);
    score_batch();
    std::size_t first_new = next + 1;
    for (std::size_t i = 0; i < scratch_.batch.size(); i++)
      first_new = std::min(first_new, pool.insert(scratch_.distances[i], scratch_.batch[i]));
    next = first_new;
  }
  return pool.entries();
}

std::vector<Hit> Walker::accepted(Hit from, std::size_t ef, const Acceptance& accept, std::size_t budget,
                                  bool& exhausted) {
  std::vector<Hit>& frontier = scratch_.frontier;
  TopK found(ef);
  scratch_.visited.begin(table_.capacity());
  scratch_.visited.visit(from.row);
  frontier.assign(1, from);
  if (accept(from.row)) found.push(from);
  std::size_t scored = 1;
  while (!frontier.empty()) {
    const Hit hit = pop_frontier(frontier);
    if (found.full() && hit.distance > found.bound()) break;
    if (scored >= budget) {
      exhausted = true;
      break;
    }
    gather_unseen(hit.row, 0);
    if (!frontier.empty()) prefetch_links(frontier.front().row, 0);
    score_batch();
    scored += scratch_.batch.size();
    for (std::size_t i = 0; i < scratch_.batch.size(); i++) {
      const Hit next{scratch_.distances[i], scratch_.batch[i]};
      if (next.distance > found.bound()) continue;
      push_frontier(frontier, next);
      if (accept(next.row)) found.push(next);
    }
  }
  return found.take();
}

/** Unseen accepted neighbours of `row`, and of its refused neighbours; while `seeking`, unseen refused ones too. */
void Walker::gather_accepted(std::uint32_t row, const Acceptance& accept, bool seeking) {
  scratch_.batch.clear();
  scratch_.refused.clear();
  for (const LinkTable::Link& link : table_.links(row, 0)) {
    const LinkTable::Link value = LinkTable::load(link);
    if (value < 0) break;
    const auto neighbour = static_cast<std::uint32_t>(value);
    const bool unseen = scratch_.visited.visit(neighbour);
    if (accept(neighbour)) {
      if (unseen) scratch_.batch.push_back(neighbour);
      continue;
    }
    prefetch_links(neighbour, 0);
    if (seeking && unseen) scratch_.batch.push_back(neighbour);
    // A refused row that was passed before has nothing new to show.
    if (unseen) scratch_.refused.push_back(neighbour);
  }
  for (const std::uint32_t refused : scratch_.refused) {
    for (const LinkTable::Link& link : table_.links(refused, 0)) {
      const LinkTable::Link value = LinkTable::load(link);
      if (value < 0) break;
      const auto second = static_cast<std::uint32_t>(value);
      if (scratch_.visited.seen(second) || !accept(second)) continue;
      scratch_.visited.visit(second);
      scratch_.batch.push_back(second);
    }
  }
}

std::vector<Hit> Walker::accepted_two_hop(Hit from, std::size_t ef, const Acceptance& accept, std::size_t budget,
                                          bool& exhausted) {
  std::vector<Hit>& frontier = scratch_.frontier;
  TopK found(ef);
  scratch_.visited.begin(table_.capacity());
  scratch_.visited.visit(from.row);
  frontier.assign(1, from);
  if (accept(from.row)) found.push(from);
  std::size_t scored = 1;
  while (!frontier.empty()) {
    const Hit hit = pop_frontier(frontier);
    if (found.full() && hit.distance > found.bound()) break;
    if (scored >= budget) {
      exhausted = true;
      break;
    }
    // Where the filter accepts nothing near the query, the walk crosses refused rows until it finds some.
    gather_accepted(hit.row, accept, found.size() == 0);
    if (!frontier.empty()) prefetch_links(frontier.front().row, 0);
    score_batch();
    scored += scratch_.batch.size() + scratch_.refused.size() / 2;
    for (std::size_t i = 0; i < scratch_.batch.size(); i++) {
      const Hit next{scratch_.distances[i], scratch_.batch[i]};
      if (next.distance > found.bound()) continue;
      push_frontier(frontier, next);
      if (accept(next.row)) found.push(next);
    }
  }
  return found.take();
}

}  // namespace vdb
