#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "codec/point_batch.h"

namespace vdb {

/**
 * 128 bits that tell contents apart: two XXH64 side by side, with different seeds. Not cryptographic.
 * What is added up is a set: the order of its members does not matter.
 */
struct ContentDigest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  ContentDigest& operator+=(const ContentDigest& other) {
    low += other.low;
    high += other.high;
    return *this;
  }
  friend auto operator<=>(const ContentDigest&, const ContentDigest&) = default;
};

/**
 * Of a payload's JSON value: members of objects in any order, their keys in any spelling; numbers and
 * strings by their bytes. Replicas may have the same object in different orders, because a merge
 * leaves the keys that are there in their places and puts new ones at the end. Throws FormatError for
 * damaged JSON and for more than kStoredJsonDepthMax levels.
 */
ContentDigest digest_payload(std::string_view payload);

/** Of a point's id, payload and vectors with their names, in any order of the vectors; not of version and score. */
ContentDigest digest_point(const BatchPoint& point, std::span<const std::string> names);

}  // namespace vdb
