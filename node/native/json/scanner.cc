#include "json/scanner.h"

#include <algorithm>

#include "io/errors.h"
#include "json/number.h"

namespace vdb {

void JsonScanner::fail_at(std::string_view problem, std::size_t position) {
  const std::string_view before = text_.substr(0, std::min(position, text_.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const std::size_t column = before.size() - line_start + 1;
  throw BadJson(std::string(problem) + " at line " + std::to_string(line) + " column " + std::to_string(column));
}

void JsonScanner::fail_value() {
  fail(peek() == '\0' && position_ == text_.size() ? "unexpected end of the text" : "expected value");
}

void JsonScanner::expect(char token) {
  if (accept(token)) return;
  if (position_ == text_.size()) fail("unexpected end of the text");
  fail(std::string("expected `") + token + '`');
}

void JsonScanner::expect_end() {
  peek();
  if (position_ != text_.size()) fail("trailing characters");
}

std::string_view JsonScanner::string_token() {
  if (peek() != '"') fail("expected a string");
  const std::string_view rest = text_.substr(position_);
  const StringToken token = scan_string(rest);
  if (token.size == 0) fail_at(token.problem, position_ + token.problem_offset);
  position_ += token.size;
  return rest.substr(0, token.size);
}

std::string_view JsonScanner::string() {
  const std::string_view token = string_token();
  const std::string_view inside = token.substr(1, token.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  decoded_.clear();
  append_decoded(decoded_, inside);
  return decoded_;
}

std::string_view JsonScanner::number_token() {
  peek();
  const std::string_view rest = text_.substr(position_);
  const NumberToken matched = match_number(rest);
  if (matched.size == 0) fail("invalid number");
  const std::string_view token = rest.substr(0, matched.size);
  if (!number_in_range(token, matched)) fail("number out of range");
  position_ += matched.size;
  return token;
}

std::string_view JsonScanner::keyword(std::string_view word) {
  if (text_.substr(position_, word.size()) != word) fail_value();
  position_ += word.size();
  return word;
}

void JsonScanner::copy_value(std::string& out) {
  switch (peek()) {
    case '{': return copy_object(out);
    case '[': return copy_array(out);
    case '"': out.append(string_token()); return;
    case 't': out.append(keyword("true")); return;
    case 'f': out.append(keyword("false")); return;
    case 'n': out.append(keyword("null")); return;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      out.append(number_token());
      return;
    default: fail_value();
  }
}

void JsonScanner::copy_object(std::string& out) {
  ++position_;
  enter();
  out.push_back('{');
  const std::size_t first = members_.begin();
  if (!accept('}')) {
    do {
      if (members_.begin() != first) out.push_back(',');
      if (peek() != '"') fail("key must be a string");
      const std::string_view rest = text_.substr(position_);
      const StringToken key = scan_string(rest);
      if (key.size == 0) fail_at(key.problem, position_ + key.problem_offset);
      position_ += key.size;
      members_.add(rest.substr(1, key.size - 2), key.escapes, out.size());
      out.append(rest.substr(0, key.size));
      expect(':');
      out.push_back(':');
      copy_value(out);
    } while (accept(','));
    expect('}');
  }
  members_.end(first, out);
  out.push_back('}');
  leave();
}

void JsonScanner::copy_array(std::string& out) {
  ++position_;
  enter();
  out.push_back('[');
  if (!accept(']')) {
    for (;;) {
      copy_value(out);
      if (!accept(',')) break;
      out.push_back(',');
    }
    expect(']');
  }
  out.push_back(']');
  leave();
}

void JsonScanner::skip_value() {
  switch (peek()) {
    case '{': return object([this](std::string_view) { skip_value(); });
    case '[': return array([this] { skip_value(); });
    case '"': string_token(); return;
    case 't': keyword("true"); return;
    case 'f': keyword("false"); return;
    case 'n': keyword("null"); return;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      number_token();
      return;
    default: fail_value();
  }
}

std::string minify_json(std::string_view text) {
  JsonScanner scanner(text);
  std::string out;
  out.reserve(text.size());
  scanner.copy_value(out);
  scanner.expect_end();
  return out;
}

std::string minify_payload(std::string_view text) {
  JsonScanner scanner(text);
  const char first = scanner.peek();
  std::string out;
  out.reserve(text.size());
  scanner.copy_value(out);
  scanner.expect_end();
  if (first != '{' && first != 'n') throw BadJson("invalid type: expected a payload object");
  if (first == 'n' || out == "{}") out.clear();
  return out;
}

bool is_stored_payload(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != '{') return false;
  try {
    JsonScanner scanner(text, kStoredJsonDepthMax);
    std::string minified;
    minified.reserve(text.size());
    scanner.copy_value(minified);
    scanner.expect_end();
    // Minified text without duplicate keys is its own minified form.
    return minified.size() == text.size();
  } catch (const BadJson&) {
    return false;
  }
}

}  // namespace vdb
