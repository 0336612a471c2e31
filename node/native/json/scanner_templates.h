#pragma once

#include <cmath>

#include "json/number.h"
#include "json/scanner.h"

namespace vdb {

inline bool JsonScanner::float32(float& value) {
  const char first = peek();
  if (first != '-' && (first < '0' || first > '9')) return false;
  const char* const begin = text_.data() + position_;
  const char* const end = read_float32(begin, text_.data() + text_.size(), value);
  if (end == nullptr) fail("invalid number");
  position_ += static_cast<std::size_t>(end - begin);
  return true;
}

template <class Values>
bool JsonScanner::float32_array(Values& values) {
  if (peek() != '[') return false;
  const std::size_t start = position_;
  const std::size_t kept = values.size();
  ++position_;
  if (accept(']')) return true;
  for (float value = 0; float32(value);) {
    values.push_back(value);
    if (accept(',')) continue;
    if (accept(']')) return true;
    break;
  }
  // Something else than numbers: whoever reads it as what it is reports what is wrong with it.
  values.resize(kept);
  position_ = start;
  return false;
}

template <class Member>
void JsonScanner::object(Member&& member) {
  expect('{');
  enter();
  if (!accept('}')) {
    do {
      if (peek() != '"') fail("key must be a string");
      const std::string_view key = string();
      expect(':');
      member(key);
    } while (accept(','));
    expect('}');
  }
  leave();
}

template <class Element>
void JsonScanner::array(Element&& element) {
  expect('[');
  enter();
  if (!accept(']')) {
    do {
      element();
    } while (accept(','));
    expect(']');
  }
  leave();
}

}  // namespace vdb
