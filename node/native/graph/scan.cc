#include "graph/scan.h"

#include <algorithm>

#include "graph/walker.h"

namespace vdb {

namespace {

/** Collects rows into batches, so that the fetches of many overlap. */
class Scanner {
 public:
  Scanner(const RowSpace& rows, const Query& query, std::size_t k, Precision precision)
      : rows_(rows),
        query_(query),
        k_(k),
        codes_(precision == Precision::kCodes && rows.has_codes()),
        best_(codes_ ? rescored(k) : k) {}

  void add(std::uint32_t row) {
    batch_[size_++] = row;
    if (size_ == kBatch) score();
  }

  std::vector<Hit> finish() {
    score();
    std::vector<Hit> hits = best_.take();
    if (!codes_) return hits;
    for (Hit& hit : hits) hit.distance = rows_.score_exact(query_, hit.row);
    std::sort(hits.begin(), hits.end());
    if (hits.size() > k_) hits.resize(k_);
    return hits;
  }

 private:
  static constexpr std::size_t kBatch = 64;

  void score() {
    const std::span<const std::uint32_t> batch(batch_, size_);
    float distances[kBatch];
    if (codes_)
      rows_.score_code_rows(query_, batch, distances);
    else
      rows_.score_exact_rows(query_, batch, distances);
    for (std::size_t i = 0; i < size_; i++)
      if (distances[i] <= best_.bound()) best_.push({distances[i], batch_[i]});
    size_ = 0;
  }

  const RowSpace& rows_;
  const Query& query_;
  std::size_t k_;
  bool codes_;
  TopK best_;
  std::uint32_t batch_[kBatch];
  std::size_t size_ = 0;
};

}  // namespace

std::size_t rescored(std::size_t k) { return std::max<std::size_t>(3 * k, 30); }

std::vector<Hit> scan_rows(const RowSpace& rows, const Query& query, std::uint32_t begin, std::uint32_t end,
                           const SlotMask* mask, std::size_t k, Precision precision) {
  Scanner scanner(rows, query, k, precision);
  const Acceptance accept(rows, mask);
  for (std::uint32_t row = begin; row < end; row++) {
    if (mask != nullptr && rows.slots_are_identity() && row % 64 == 0) {
      // Whole words without a match are skipped: most of them are when the filter is selective.
      while (row + 64 <= end && (row / 64 >= mask->words.size() || mask->words[row / 64] == 0)) row += 64;
      if (row >= end) break;
    }
    if (accept(row)) scanner.add(row);
  }
  return scanner.finish();
}

std::vector<Hit> score_rows(const RowSpace& rows, const Query& query, std::span<const std::uint32_t> list,
                            std::size_t k, Precision precision) {
  Scanner scanner(rows, query, k, precision);
  for (const std::uint32_t row : list)
    if (rows.live(row)) scanner.add(row);
  return scanner.finish();
}

std::vector<Hit> merge_hits(std::span<const Hit> a, std::span<const Hit> b, std::size_t k) {
  std::vector<Hit> merged;
  merged.reserve(std::min(k, a.size() + b.size()));
  std::size_t i = 0;
  std::size_t j = 0;
  while (merged.size() < k && (i < a.size() || j < b.size())) {
    const bool from_a = j == b.size() || (i < a.size() && !(b[j] < a[i]));
    const Hit hit = from_a ? a[i++] : b[j++];
    if (merged.empty() || merged.back().row != hit.row) merged.push_back(hit);
  }
  return merged;
}

}  // namespace vdb
