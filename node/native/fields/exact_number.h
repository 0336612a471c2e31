#pragma once

#include <compare>
#include <cstdint>

#include "io/bytes.h"

namespace vdb {

/**
 * Order by mathematical value, without rounding an integer to a double. Both are finite or
 * infinite, never NaN. -0.0 equals 0.
 */
std::strong_ordering compare_numbers(const Number& a, const Number& b);

/**
 * A number that also keeps how it was written: 1 and 1.0 are neighbours and differ. An integer that
 * fits an i64 must be one.
 */
struct ExactNumber {
  Number value;

  friend std::strong_ordering operator<=>(const ExactNumber& a, const ExactNumber& b) {
    const auto by_value = compare_numbers(a.value, b.value);
    return by_value != 0 ? by_value : a.value.index() <=> b.value.index();
  }
  friend bool operator==(const ExactNumber& a, const ExactNumber& b) { return (a <=> b) == 0; }
};

/** Lower and upper bounds of a range. Several may be set; all must hold. */
struct NumberRange {
  enum Bound : std::uint8_t { kLt = 1, kLte = 2, kGt = 4, kGte = 8 };

  /** The bounds that are set, of `Bound`. */
  std::uint8_t set = 0;
  Number lt, lte, gt, gte;

  bool below(const Number& value) const;
  bool above(const Number& value) const;
  bool contains(const Number& value) const { return !below(value) && !above(value); }
};

}  // namespace vdb
