#pragma once

#include <cmath>
#include <limits>

#include "codec/point_batch.h"

namespace vdb {

/** Bigger is better. A score that overflowed into NaN goes last: comparing it as it is would be no order at all. */
inline float score_rank(float score, bool higher_is_better) {
  if (std::isnan(score)) return -std::numeric_limits<float>::infinity();
  return higher_is_better ? score : -score;
}

/** Whether `a` stands before `b`: of equal scores the smaller id does. */
inline bool better_score(const BatchPoint& a, const BatchPoint& b, bool higher_is_better) {
  const float rank_a = score_rank(a.score, higher_is_better);
  const float rank_b = score_rank(b.score, higher_is_better);
  return rank_a != rank_b ? rank_a > rank_b : a.id < b.id;
}

}  // namespace vdb
