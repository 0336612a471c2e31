#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fields/exact_number.h"

namespace vdb {

/** Some value is one of these; with `except`, some value that is not null is none of these. */
struct KeywordMatch {
  /** Ascending, unique. */
  std::vector<std::string> values;
  bool except = false;
};

/** As KeywordMatch. A number with a fraction or exponent equals no integer, `1.0` included. */
struct IntegerMatch {
  std::vector<ExactNumber> values;
  bool except = false;
};

struct BoolMatch {
  bool value = false;
};

/** No value, or only nulls and empty arrays. */
struct IsEmpty {};

/** The value itself is null; an array that holds a null is not. */
struct IsNull {};

/** An array counts its elements, null is 0, everything else 1. A key that is not there never matches. */
struct ValuesCount {
  NumberRange range;
};

/**
 * A condition on the values at one path. Those on values look at each element of an array, one
 * level deep; the others at the array itself.
 */
using FieldCondition = std::variant<KeywordMatch, IntegerMatch, BoolMatch, NumberRange, IsEmpty, IsNull, ValuesCount>;

}  // namespace vdb
