#pragma once

#include <cstddef>

namespace vdb {

/**
 * Arrays and objects within each other, in what a client sends. The original refuses the same depth
 * (serde_json's limit), and a filter of 64 levels takes two levels of JSON for each.
 */
inline constexpr std::size_t kJsonDepthMax = 128;

/**
 * The same in what is stored: an object of kJsonDepthMax may be merged at a path of kPathStepsMax.
 */
inline constexpr std::size_t kStoredJsonDepthMax = 256;

/** Steps of one payload path; bounds the recursion over a path. */
inline constexpr std::size_t kPathStepsMax = 64;

}  // namespace vdb
