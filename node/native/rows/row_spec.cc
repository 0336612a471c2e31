#include "rows/row_spec.h"

#include <cmath>
#include <limits>

namespace vdb {

float api_score(Distance distance, float internal) {
  switch (distance) {
    case Distance::kCosine:
    case Distance::kDot:
      // Adding zero turns -0, the negation of an empty product, into 0.
      return -internal + 0.0f;
    case Distance::kEuclid: return std::sqrt(internal);
    case Distance::kManhattan: return internal;
  }
  return internal;
}

float internal_distance(Distance distance, float score) {
  switch (distance) {
    case Distance::kCosine:
    case Distance::kDot:
      return -score;
    case Distance::kEuclid: {
      if (score < 0) return -1;
      // The square must not round below one whose root is the threshold itself.
      const float squared = score * score;
      return squared * (1 + 2 * std::numeric_limits<float>::epsilon());
    }
    case Distance::kManhattan: return score;
  }
  return score;
}

}  // namespace vdb
