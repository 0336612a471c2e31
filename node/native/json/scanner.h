#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "json/limits.h"
#include "json/object_members.h"
#include "json/string.h"

namespace vdb {

/**
 * Walks over JSON text that may be anything and checks every byte of it once (RFC 8259, UTF-8). What
 * is wrong throws BadJson with line and column, as in `expected value at line 1 column 5`. Nesting
 * beyond the limit and numbers that neither i64, u64 nor double can hold are refused.
 */
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text, std::size_t depth_max = kJsonDepthMax)
      : text_(text), depth_max_(depth_max) {}

  /** The first byte of the next token, which is not consumed; 0 at the end of the text. */
  char peek() {
    while (position_ < text_.size() && is_space(text_[position_])) ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }
  /** Consumes `token` if it is next. */
  bool accept(char token) {
    if (peek() != token) return false;
    ++position_;
    return true;
  }
  /** Consumes `token` or throws "expected `token`". */
  void expect(char token);
  /** Throws unless only white space is left. */
  void expect_end();

  /** Consumes a string; `token_` of the result is its text with quotes. Throws when a string is not next. */
  std::string_view string_token();
  /** Consumes a string and decodes it; the view lives until the next call. */
  std::string_view string();
  /** Consumes a number of any kind that has a value. */
  std::string_view number_token();
  /**
   * Consumes a number as float32, or returns false and consumes nothing when the next value is not a
   * number. Integers of any length are taken; what is too large gives an infinity.
   */
  bool float32(float& value);
  /** Consumes an array of numbers, or nothing when it holds anything else, and appends them to `values`. */
  template <class Values>
  bool float32_array(Values& values);

  /** Consumes any value and appends it minified: numbers and strings keep their bytes, of duplicate keys the last stays. */
  void copy_value(std::string& out);
  /** Consumes any value. */
  void skip_value();

  /**
   * Consumes an object, calling `member(key)` behind each colon; it must consume the value. The key is
   * decoded and lives until the next string is read.
   */
  template <class Member>
  void object(Member&& member);
  /** Consumes an array, calling `element()` before each value; it must consume the value. */
  template <class Element>
  void array(Element&& element);

  std::size_t position() const noexcept { return position_; }
  /** Back to a position that was passed. */
  void rewind(std::size_t position) { position_ = position; }
  std::string_view text() const noexcept { return text_; }
  /** Throws BadJson with the line and column of the current position. */
  [[noreturn]] void fail(std::string_view problem) { fail_at(problem, position_); }
  [[noreturn]] void fail_at(std::string_view problem, std::size_t position);

 protected:
  static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  void enter() {
    if (++depth_ > depth_max_) fail("recursion limit exceeded");
  }
  void leave() { --depth_; }
  [[noreturn]] void fail_value();

  std::string_view text_;
  std::size_t position_ = 0;

 private:
  std::string_view keyword(std::string_view word);
  void copy_object(std::string& out);
  void copy_array(std::string& out);

  std::size_t depth_max_;
  std::size_t depth_ = 0;
  std::string decoded_;
  ObjectMembers members_;
};

/** `text` minified. Throws BadJson. */
std::string minify_json(std::string_view text);

/**
 * A payload as it is stored: minified, empty text for an object without members and for null. Throws
 * BadJson, also when it is neither an object nor null.
 */
std::string minify_payload(std::string_view text);

/** Whether `text` is one minified JSON object that minify_payload could have made, of any depth up to kStoredJsonDepthMax. */
bool is_stored_payload(std::string_view text);

}  // namespace vdb

#include "json/scanner_templates.h"
