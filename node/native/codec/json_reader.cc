#include "codec/json_reader.h"

#include <charconv>

#include "io/errors.h"

namespace vdb {
namespace {

/** A quotation of a client's text in an error message: not all of it, and no half characters. */
std::string quoted(std::string_view text) {
  std::size_t size = 64;
  if (text.size() <= size) return std::string(text);
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace

std::string FieldPlace::text() const {
  std::string text(list);
  text.append("[").append(std::to_string(index)).append("]");
  if (!field.empty()) text.append(".").append(field);
  return text;
}

void PointJsonReader::fail(std::string_view problem) { scanner_.fail(place_.text() + ": " + std::string(problem)); }

PointId PointJsonReader::id() {
  const char first = scanner_.peek();
  const std::size_t start = scanner_.position();
  std::string_view text;
  if (first == '"') {
    text = scanner_.string();
    if (const std::optional<PointId> uuid = parse_uuid(text)) return *uuid;
  } else if (first == '-' || (first >= '0' && first <= '9')) {
    text = scanner_.number_token();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return PointId::of_number(number);
  } else {
    scanner_.skip_value();
    text = scanner_.text().substr(start, scanner_.position() - start);
  }
  const std::string problem =
      "value " + quoted(text) + " is not a valid point ID, valid values are either an unsigned integer or a UUID";
  scanner_.rewind(start);
  fail(problem);
}

void PointJsonReader::vectors(PointVectors& vectors) {
  switch (scanner_.peek()) {
    case '[': return vector(check_.find(""), vectors);
    case '{':
      scanner_.object([&](std::string_view name) {
        // Found before the value is read, since that reuses the memory of the name.
        vector(check_.find(name), vectors);
      });
      return;
    default: fail("invalid type: expected a vector or an object of named vectors");
  }
}

void PointJsonReader::vector(std::uint16_t name, PointVectors& vectors) {
  switch (scanner_.peek()) {
    case '[': {
      const std::size_t start = scanner_.position();
      scanner_.expect('[');
      const bool nested = scanner_.peek() == '[';
      scanner_.rewind(start);
      return nested ? multi(name, vectors) : dense(name, vectors);
    }
    case '{': return sparse(name, vectors);
    default: fail("invalid type: expected a vector");
  }
}

void PointJsonReader::numbers(std::vector<float>& values) {
  if (scanner_.float32_array(values)) return;
  if (scanner_.peek() != '[') fail("invalid type: expected an array of numbers");
  // Again, slowly, to stop where it is not a number.
  scanner_.array([&] {
    float value = 0;
    if (!scanner_.float32(value)) fail("invalid type: expected a number");
  });
}

void PointJsonReader::dense(std::uint16_t name, PointVectors& vectors) {
  values_.clear();
  numbers(values_);
  vectors.add(name, [&](ByteWriter& writer) { check_.dense(writer, name, values_); });
}

void PointJsonReader::multi(std::uint16_t name, PointVectors& vectors) {
  check_.expect_multi(name);
  values_.clear();
  scanner_.array([&] {
    const std::size_t before = values_.size();
    numbers(values_);
    check_.row(name, values_.size() - before);
  });
  vectors.add(name, [&](ByteWriter& writer) { check_.multi(writer, name, values_); });
}

void PointJsonReader::indices() {
  if (scanner_.peek() != '[') fail("indices: invalid type: expected an array of integers");
  scanner_.array([&] {
    const char first = scanner_.peek();
    if (first < '0' || first > '9') fail("indices: expected an unsigned 32-bit integer");
    const std::size_t start = scanner_.position();
    const std::string_view token = scanner_.number_token();
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
    if (error != std::errc() || end != token.data() + token.size()) {
      scanner_.rewind(start);
      fail("indices: expected an unsigned 32-bit integer");
    }
    indices_.push_back(index);
  });
}

void PointJsonReader::sparse(std::uint16_t name, PointVectors& vectors) {
  bool has_indices = false;
  bool has_values = false;
  const auto once = [&](bool& has, std::string_view field) {
    if (has) fail("duplicate field `" + std::string(field) + "`");
    has = true;
  };
  indices_.clear();
  values_.clear();
  scanner_.object([&](std::string_view key) {
    if (key == "indices") {
      once(has_indices, key);
      indices();
    } else if (key == "values") {
      once(has_values, key);
      numbers(values_);
    } else if (key == "text" || key == "image" || key == "object" || key == "model") {
      throw BadRequest(place_.text() + ": inference is not supported, send vectors");
    } else {
      scanner_.skip_value();
    }
  });
  if (!has_indices) fail("missing field `indices`");
  if (!has_values) fail("missing field `values`");
  vectors.add(name, [&](ByteWriter& writer) { check_.sparse(writer, name, indices_, values_); });
}

void PointJsonReader::payload(std::string& out) {
  const char first = scanner_.peek();
  const std::size_t before = out.size();
  if (first != '{' && first != 'n') fail("invalid type: expected an object");
  scanner_.copy_value(out);
  if (first == 'n' || out.size() == before + 2) out.resize(before);
}

}  // namespace vdb
