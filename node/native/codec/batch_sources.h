#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/point_batch.h"

namespace vdb {

/** The points of several batches side by side, with one name table for all of them. */
class BatchSources {
 public:
  struct Source {
    /** Which of the batches it comes from. */
    std::size_t batch = 0;
    /** Its vectors count in names(). Views into the batches. */
    BatchPoint point;
  };

  /** `contents` is what holds for no batches at all. Throws FormatError, also when the batches do not hold the same parts. */
  BatchSources(std::span<const std::span<const std::uint8_t>> batches, BatchContents contents);

  const BatchContents& contents() const noexcept { return contents_; }
  const std::vector<std::string>& names() const noexcept { return names_; }
  /** In the order of the batches and of the points in each. */
  std::vector<Source>& points() noexcept { return points_; }

 private:
  BatchContents contents_;
  std::vector<std::string> names_;
  std::vector<Source> points_;
};

}  // namespace vdb
