#include "fields/exact_number.h"

#include <cmath>

namespace vdb {

namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

std::strong_ordering compare_doubles(double a, double b) {
  if (a < b) return std::strong_ordering::less;
  return a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

/** An integer against a double: by the whole part first, which fits the integer's type, then by the fraction. */
template <class Integer>
std::strong_ordering compare_to_double(Integer a, double b, double smallest, double beyond) {
  if (b < smallest) return std::strong_ordering::greater;
  if (b >= beyond) return std::strong_ordering::less;
  const double whole = std::floor(b);
  const auto by_whole = a <=> static_cast<Integer>(whole);
  if (by_whole != 0) return by_whole;
  return b > whole ? std::strong_ordering::less : std::strong_ordering::equal;
}

std::strong_ordering compare_to(std::int64_t a, const Number& b) {
  if (const auto* signed_b = std::get_if<std::int64_t>(&b)) return a <=> *signed_b;
  if (const auto* unsigned_b = std::get_if<std::uint64_t>(&b)) {
    return a < 0 ? std::strong_ordering::less : static_cast<std::uint64_t>(a) <=> *unsigned_b;
  }
  return compare_to_double(a, std::get<double>(b), -kTwoTo63, kTwoTo63);
}

std::strong_ordering compare_to(std::uint64_t a, const Number& b) {
  if (const auto* signed_b = std::get_if<std::int64_t>(&b)) {
    return *signed_b < 0 ? std::strong_ordering::greater : a <=> static_cast<std::uint64_t>(*signed_b);
  }
  if (const auto* unsigned_b = std::get_if<std::uint64_t>(&b)) return a <=> *unsigned_b;
  return compare_to_double(a, std::get<double>(b), 0.0, kTwoTo64);
}

std::strong_ordering compare_to(double a, const Number& b) {
  if (const auto* double_b = std::get_if<double>(&b)) return compare_doubles(a, *double_b);
  return 0 <=> compare_numbers(b, a);
}

}  // namespace

std::strong_ordering compare_numbers(const Number& a, const Number& b) {
  return std::visit([&](auto value) { return compare_to(value, b); }, a);
}

bool NumberRange::below(const Number& value) const {
  return ((set & kGt) != 0 && compare_numbers(value, gt) <= 0) || ((set & kGte) != 0 && compare_numbers(value, gte) < 0);
}

bool NumberRange::above(const Number& value) const {
  return ((set & kLt) != 0 && compare_numbers(value, lt) >= 0) || ((set & kLte) != 0 && compare_numbers(value, lte) > 0);
}

}  // namespace vdb
