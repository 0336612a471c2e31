#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace vdb {

/** A row and its distance (row_spec.h: smaller is better). */
struct Hit {
  float distance;
  std::uint32_t row;

  /** Equal distances are ordered by row, so that answers do not depend on the walk. */
  friend bool operator<(const Hit& a, const Hit& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
  }
  friend bool operator==(const Hit&, const Hit&) = default;
};

/** Keeps the `k` best of all hits that are pushed. Distances must not be NaN. */
class TopK {
 public:
  explicit TopK(std::size_t k) : k_(k) {}

  /** What a distance must be at most to be kept. */
  float bound() const {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity()
           : heap_.empty()   ? -std::numeric_limits<float>::infinity()
                             : heap_.front().distance;
  }
  bool full() const { return heap_.size() >= k_; }
  std::size_t size() const { return heap_.size(); }

  void push(Hit hit) {
    if (heap_.size() < k_) {
      heap_.push_back(hit);
      std::push_heap(heap_.begin(), heap_.end());
    } else if (k_ > 0 && hit < heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = hit;
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

  /** Best first; the TopK is empty afterwards. */
  std::vector<Hit> take() {
    std::sort_heap(heap_.begin(), heap_.end());
    return std::move(heap_);
  }

 private:
  std::size_t k_;
  std::vector<Hit> heap_;
};

}  // namespace vdb
