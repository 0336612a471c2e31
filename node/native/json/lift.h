#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vdb {

/** A request body whose long lists of numbers have been taken out (addon.ts, LiftedBody). */
struct LiftedJson {
  /** Minified; each lifted array is `{"$lifted":n}`. */
  std::string json;
  std::vector<std::vector<float>> arrays;
  /** [start, end) of each array in the body. */
  std::vector<std::pair<std::size_t, std::size_t>> spans;
};

/** Arrays of fewer numbers stay: building a typed array costs more than parsing them. */
inline constexpr std::size_t kLiftedNumbersMin = 16;

/**
 * Checks `body` and lifts its arrays of kLiftedNumbersMin or more plain numbers, except those with a
 * number too large for float32, which the reader then reports. Where a client itself wrote an object
 * with the key `$lifted`, nothing is lifted, so that its object is never taken for one of ours.
 * Throws BadJson.
 */
LiftedJson lift_json(std::string_view body);

}  // namespace vdb
