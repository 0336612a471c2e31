#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "io/bytes.h"

namespace vdb {

/** A number token at the start of some text. */
struct NumberToken {
  std::size_t size = 0;
  /** Neither a fraction nor an exponent. */
  bool integer = true;
  bool exponent = false;
};

/** Matches the number grammar of RFC 8259; `size` is 0 when there is no number. */
NumberToken match_number(std::string_view text);

/**
 * The value of a number token without loss. Integers are i64, or u64 when they are larger; `-0`
 * and everything with a fraction or an exponent is double, rounded once. Nothing for integers out of
 * that range and for magnitudes beyond the largest double.
 */
std::optional<Number> number_value(std::string_view token);

/** Whether number_value would give a value, without computing it where that is plain to see. */
bool number_in_range(std::string_view token, const NumberToken& matched);

/**
 * Reads a number at `text` as the nearest float32. Returns the end of the number, or nullptr when
 * there is none. Magnitudes beyond the largest float32 give an infinity, and integers of any length
 * are read.
 */
const char* read_float32(const char* text, const char* end, float& value);

/** Shortest text that reads back as the same float32, always with a fraction or an exponent: `1.0`. `value` is finite. */
void append_float32(std::string& out, float value);
/** The same for doubles. */
void append_double(std::string& out, double value);
void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);

}  // namespace vdb
