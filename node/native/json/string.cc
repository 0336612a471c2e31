#include "json/string.h"

#include <cstdint>
#include <cstring>

namespace vdb {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/** The four digits of `\uXXXX`, or -1. */
int hex_four(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

constexpr bool is_leading_surrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
constexpr bool is_trailing_surrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

/** Length of the UTF-8 sequence at the start of `text`, or 0 when it is none (RFC 3629, section 4). */
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return continues(1) ? 2 : 0;
  if (first < 0xf0) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return 3;
  }
  if (first > 0xf4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return 4;
}

/** Whether any of eight bytes is a quote, a backslash, a control character or not ASCII. */
bool needs_a_look(std::uint64_t chunk) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ull;
  constexpr std::uint64_t kHighs = 0x8080808080808080ull;
  const std::uint64_t quote = chunk ^ (kOnes * '"');
  const std::uint64_t backslash = chunk ^ (kOnes * '\\');
  return ((chunk | (chunk - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes)) & kHighs) != 0;
}

std::size_t plain_run(std::string_view text, std::size_t at) {
  while (text.size() - at >= 8) {
    std::uint64_t chunk;
    std::memcpy(&chunk, text.data() + at, sizeof(chunk));
    if (needs_a_look(chunk)) break;
    at += 8;
  }
  return at;
}

/** Length of the escape at the start of `text`, which begins with a backslash; 0 with a problem when it is none. */
std::size_t escape_length(std::string_view text, const char*& problem) {
  problem = "invalid escape";
  if (text.size() < 2) return 0;
  if (text[1] != 'u') return std::string_view("\"\\/bfnrt").find(text[1]) == std::string_view::npos ? 0 : 2;
  const int unit = hex_four(text.substr(2));
  if (unit < 0) return 0;
  if (!is_leading_surrogate(unit)) {
    problem = "lone surrogate in an escape";
    return is_trailing_surrogate(unit) ? 0 : 6;
  }
  problem = "lone surrogate in an escape";
  const bool paired = text.size() >= 12 && text[6] == '\\' && text[7] == 'u' && is_trailing_surrogate(hex_four(text.substr(8)));
  return paired ? 12 : 0;
}

void append_code_point(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

char short_escape(char letter) {
  switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return letter;
  }
}

}  // namespace

StringToken scan_string(std::string_view text) {
  StringToken token;
  const auto fail = [&](const char* problem, std::size_t at) {
    token.problem = problem;
    token.problem_offset = at;
    return token;
  };
  std::size_t at = 1;
  for (;;) {
    at = plain_run(text, at);
    if (at >= text.size()) return fail("unexpected end of a string", text.size());
    const auto c = static_cast<std::uint8_t>(text[at]);
    if (c == '"') {
      token.size = at + 1;
      return token;
    }
    if (c == '\\') {
      const char* problem = nullptr;
      const std::size_t length = escape_length(text.substr(at), problem);
      if (length == 0) return fail(problem, at);
      token.escapes = true;
      at += length;
    } else if (c < 0x20) {
      return fail("control character in a string", at);
    } else if (c < 0x80) {
      ++at;
    } else {
      const std::size_t length = sequence_length(text.substr(at));
      if (length == 0) return fail("invalid UTF-8", at);
      at += length;
    }
  }
}

void append_decoded(std::string& out, std::string_view inside) {
  std::size_t at = 0;
  while (at < inside.size()) {
    const std::size_t escape = inside.find('\\', at);
    out.append(inside.substr(at, escape - at));
    if (escape == std::string_view::npos || escape + 1 >= inside.size()) return;
    if (inside[escape + 1] != 'u') {
      out.push_back(short_escape(inside[escape + 1]));
      at = escape + 2;
      continue;
    }
    const int unit = hex_four(inside.substr(escape + 2));
    if (unit < 0) return;
    at = escape + 6;
    if (!is_leading_surrogate(unit)) {
      append_code_point(out, static_cast<std::uint32_t>(unit));
      continue;
    }
    const int trailing = inside.size() >= at + 6 ? hex_four(inside.substr(at + 2)) : -1;
    if (!is_trailing_surrogate(trailing)) return;
    append_code_point(out, 0x10000u + (static_cast<std::uint32_t>(unit - 0xd800) << 10) +
                               static_cast<std::uint32_t>(trailing - 0xdc00));
    at += 6;
  }
}

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<std::uint8_t>(text[at]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(written, at - written));
    written = at + 1;
    out.push_back('\\');
    switch (c) {
      case '"': case '\\': out.push_back(text[at]); break;
      case '\b': out.push_back('b'); break;
      case '\f': out.push_back('f'); break;
      case '\n': out.push_back('n'); break;
      case '\r': out.push_back('r'); break;
      case '\t': out.push_back('t'); break;
      default:
        out.append("u00");
        out.push_back(kDigits[c >> 4]);
        out.push_back(kDigits[c & 15]);
    }
  }
  out.append(text.substr(written));
  out.push_back('"');
}

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t chunk = 0;
    if (text.size() - at >= 8) {
      std::memcpy(&chunk, text.data() + at, sizeof(chunk));
      if ((chunk & 0x8080808080808080ull) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace vdb
