#include "json/number.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace vdb {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/** Every power of ten that a double holds exactly. */
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int kExactPowerMax = 22;
/** Decimal digits that always fit u64. */
constexpr std::ptrdiff_t kMantissaDigitsMax = 19;
/** Exponents are read up to here; anything beyond is as good as infinite. */
constexpr std::int64_t kExponentMax = 1'000'000'000;

std::uint64_t load_eight(const char* text) {
  std::uint64_t chunk;
  std::memcpy(&chunk, text, sizeof(chunk));
  return chunk;
}

/** Eight bytes at once: all between '0' and '9'. */
constexpr bool eight_digits(std::uint64_t chunk) {
  return ((chunk & 0xf0f0f0f0f0f0f0f0ull) | (((chunk + 0x0606060606060606ull) & 0xf0f0f0f0f0f0f0f0ull) >> 4)) ==
         0x3333333333333333ull;
}

/** Value of eight digits: pairs, then fours, then all, by multiplications within one word. */
constexpr std::uint64_t eight_digits_value(std::uint64_t chunk) {
  chunk = (chunk & 0x0f0f0f0f0f0f0f0full) * 2561 >> 8;
  chunk = (chunk & 0x00ff00ff00ff00ffull) * 6553601 >> 16;
  return (chunk & 0x0000ffff0000ffffull) * 42949672960001ull >> 32;
}

/** Reads digits into `mantissa`, which may wrap around; the caller counts them. */
const char* read_digits(const char* text, const char* end, std::uint64_t& mantissa) {
  while (end - text >= 8) {
    const std::uint64_t chunk = load_eight(text);
    if (!eight_digits(chunk)) break;
    mantissa = mantissa * 100'000'000 + eight_digits_value(chunk);
    text += 8;
  }
  while (text != end && is_digit(*text)) mantissa = mantissa * 10 + static_cast<std::uint64_t>(*text++ - '0');
  return text;
}

/** Reads what follows `e`; nullptr when there are no digits. */
const char* read_exponent(const char* text, const char* end, std::int64_t& exponent) {
  bool negative = false;
  if (text != end && (*text == '+' || *text == '-')) negative = *text++ == '-';
  if (text == end || !is_digit(*text)) return nullptr;
  std::int64_t value = 0;
  for (; text != end && is_digit(*text); ++text) {
    if (value < kExponentMax) value = value * 10 + (*text - '0');
  }
  exponent = negative ? -value : value;
  return text;
}

/** Whether a token that std::from_chars called out of range is too large; otherwise it is too close to zero. */
bool too_large(std::string_view token) {
  const std::size_t exponent_mark = token.find_first_of("eE");
  const std::string_view digits = token.substr(0, exponent_mark);
  std::int64_t exponent = 0;
  if (exponent_mark != std::string_view::npos) {
    read_exponent(token.data() + exponent_mark + 1, token.data() + token.size(), exponent);
  }
  const std::size_t point = digits.find('.');
  const std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  const auto whole_end = static_cast<std::int64_t>(point == std::string_view::npos ? digits.size() : point);
  return whole_end - static_cast<std::int64_t>(first) + exponent > 0;
}

template <class Float>
Float nearest(std::string_view token) {
  Float value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error == std::errc::result_out_of_range) {
    value = too_large(token) ? std::numeric_limits<Float>::infinity() : Float{0};
    if (token.front() == '-') value = -value;
  }
  return value;
}

/**
 * The float32 nearest to mantissa * 10^exponent, if that can be told from double arithmetic. The
 * double is off by at most two units in its last place (one rounding of the mantissa, one of the
 * multiplication), so rounding it again is right unless it lies that close to the middle between two
 * float32, and unless the result is subnormal or near the largest.
 */
bool float32_by_double(std::uint64_t mantissa, std::int64_t exponent, float& value) {
  if (exponent < -kExactPowerMax || exponent > kExactPowerMax) return false;
  const double scaled = exponent < 0 ? static_cast<double>(mantissa) / kPowersOfTen[-exponent]
                                     : static_cast<double>(mantissa) * kPowersOfTen[exponent];
  constexpr std::uint64_t kDroppedBits = 29;
  constexpr std::uint64_t kMiddle = 1ull << (kDroppedBits - 1);
  constexpr std::uint64_t kDoubt = 8;
  const std::uint64_t dropped = std::bit_cast<std::uint64_t>(scaled) & ((1ull << kDroppedBits) - 1);
  if (dropped - (kMiddle - kDoubt) <= 2 * kDoubt) return false;
  if (scaled > 1e38 || (scaled < 2e-38 && mantissa != 0)) return false;
  value = static_cast<float>(scaled);
  return true;
}

template <class Float>
void append_float(std::string& out, Float value) {
  char text[32];
  char* const end = std::to_chars(text, text + sizeof(text), value).ptr;
  out.append(text, end);
  const std::string_view written(text, static_cast<std::size_t>(end - text));
  if (written.find_first_of(".e") == std::string_view::npos) out.append(".0");
}

template <class Integer>
void append_any_integer(std::string& out, Integer value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

}  // namespace

NumberToken match_number(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  NumberToken token;
  if (at != end && *at == '-') ++at;
  if (at == end || !is_digit(*at)) return {};
  if (*at == '0') {
    ++at;
  } else {
    while (at != end && is_digit(*at)) ++at;
  }
  if (at != end && *at == '.') {
    token.integer = false;
    const char* const fraction = ++at;
    while (at != end && is_digit(*at)) ++at;
    if (at == fraction) return {};
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    token.integer = false;
    token.exponent = true;
    std::int64_t exponent = 0;
    at = read_exponent(at + 1, end, exponent);
    if (at == nullptr) return {};
  }
  // A digit here follows a leading zero, which the grammar does not have.
  if (at != end && is_digit(*at)) return {};
  token.size = static_cast<std::size_t>(at - text.data());
  return token;
}

std::optional<Number> number_value(std::string_view token) {
  const NumberToken matched = match_number(token);
  if (matched.size == 0 || matched.size != token.size()) return std::nullopt;
  const char* const begin = token.data();
  const char* const end = begin + token.size();
  if (matched.integer && token != "-0") {
    std::int64_t narrow = 0;
    if (std::from_chars(begin, end, narrow).ec == std::errc()) return Number(narrow);
    std::uint64_t wide = 0;
    if (token.front() != '-' && std::from_chars(begin, end, wide).ec == std::errc()) return Number(wide);
    return std::nullopt;
  }
  const double value = nearest<double>(token);
  if (std::isinf(value)) return std::nullopt;
  return Number(value);
}

bool number_in_range(std::string_view token, const NumberToken& matched) {
  constexpr std::size_t kIntegerDigitsSafe = 18;
  constexpr std::size_t kDoubleDigitsSafe = 300;
  if (matched.integer ? token.size() <= kIntegerDigitsSafe : !matched.exponent && token.size() <= kDoubleDigitsSafe) {
    return true;
  }
  return number_value(token).has_value();
}

const char* read_float32(const char* text, const char* end, float& value) {
  const char* at = text;
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  if (at == end || !is_digit(*at)) return nullptr;
  const char* const whole = at;
  std::uint64_t mantissa = 0;
  if (*at == '0') {
    ++at;
    if (at != end && is_digit(*at)) return nullptr;
  } else {
    at = read_digits(at, end, mantissa);
  }
  std::ptrdiff_t digits = at - whole;
  std::int64_t exponent = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = read_digits(at, end, mantissa);
    if (at == fraction) return nullptr;
    digits += at - fraction;
    exponent = fraction - at;
  }
  if (digits > kMantissaDigitsMax) {
    // Zeros before the first digit that counts do not fill the mantissa.
    for (const char* zero = whole; digits > kMantissaDigitsMax && (*zero == '0' || *zero == '.'); ++zero) {
      if (*zero == '0') --digits;
    }
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    std::int64_t written = 0;
    at = read_exponent(at + 1, end, written);
    if (at == nullptr) return nullptr;
    exponent += written;
  }
  if (digits <= kMantissaDigitsMax && float32_by_double(mantissa, exponent, value)) {
    if (negative) value = -value;
    return at;
  }
  value = nearest<float>(std::string_view(text, static_cast<std::size_t>(at - text)));
  return at;
}

void append_float32(std::string& out, float value) { append_float(out, value); }
void append_double(std::string& out, double value) { append_float(out, value); }
void append_integer(std::string& out, std::int64_t value) { append_any_integer(out, value); }
void append_integer(std::string& out, std::uint64_t value) { append_any_integer(out, value); }

}  // namespace vdb
