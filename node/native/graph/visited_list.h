#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vdb {

/**
 * Which rows a walk has seen. Beginning a walk costs nothing but every 65,535th time. One per thread
 * serves all graphs.
 */
class VisitedList {
 public:
  void begin(std::size_t rows) {
    if (marks_.size() < rows) marks_.resize(rows, 0);
    if (++walk_ == 0) {
      std::fill(marks_.begin(), marks_.end(), std::uint16_t{0});
      walk_ = 1;
    }
  }
  bool seen(std::uint32_t row) const { return marks_[row] == walk_; }
  /** Marks the row; false when it was marked before. */
  bool visit(std::uint32_t row) {
    if (marks_[row] == walk_) return false;
    marks_[row] = walk_;
    return true;
  }

 private:
  std::vector<std::uint16_t> marks_;
  std::uint16_t walk_ = 0;
};

}  // namespace vdb
