#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vdb {

/** What scan_string found out about a string token. */
struct StringToken {
  /** Bytes of the token with both quotes; 0 when it is not valid. */
  std::size_t size = 0;
  bool escapes = false;
  /** Why it is not valid, and how far into the text. */
  const char* problem = nullptr;
  std::size_t problem_offset = 0;
};

/**
 * Matches the string token at the start of `text`, which begins with a quote: no control characters,
 * known escapes, no surrogate without its pair, valid UTF-8 (RFC 3629, so nothing overlong).
 */
StringToken scan_string(std::string_view text);

/** Decodes the inside of a valid string token, without its quotes, to the end of `out`. */
void append_decoded(std::string& out, std::string_view inside);

/** Appends a string token for `text`, which is UTF-8. */
void append_quoted(std::string& out, std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace vdb
