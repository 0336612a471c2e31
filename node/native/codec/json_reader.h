#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/point_writer.h"
#include "codec/vector_check.h"
#include "json/scanner.h"

namespace vdb {

/** Where in a body the reader is, for messages; put into words only when something is wrong. */
struct FieldPlace {
  /** `points` or `batch.ids` and so on. */
  std::string_view list;
  std::size_t index = 0;
  /** `id`, `vector`, `payload`, or nothing. */
  std::string_view field;

  std::string text() const;
};

/** Reads the parts of a point that all JSON forms of upserts share. */
class PointJsonReader {
 public:
  PointJsonReader(std::string_view body, const VectorCheck& check) : scanner_(body), check_(check) {}

  JsonScanner& scanner() noexcept { return scanner_; }
  FieldPlace& place() noexcept { return place_; }

  /** An unsigned integer, or a UUID as a string. */
  PointId id();
  /** The field `vector` of a point: an unnamed vector, or an object of named ones. */
  void vectors(PointVectors& vectors);
  /** One vector: an array of numbers, an array of such arrays, or an object with `indices` and `values`. */
  void vector(std::uint16_t name, PointVectors& vectors);
  /** An object or null, appended minified; nothing is appended when it has no members. */
  void payload(std::string& out);

  /** Throws BadJson with the place. */
  [[noreturn]] void fail(std::string_view problem);

 private:
  void dense(std::uint16_t name, PointVectors& vectors);
  void multi(std::uint16_t name, PointVectors& vectors);
  void sparse(std::uint16_t name, PointVectors& vectors);
  void numbers(std::vector<float>& values);
  void indices();

  JsonScanner scanner_;
  const VectorCheck& check_;
  FieldPlace place_;
  std::vector<float> values_;
  std::vector<std::uint32_t> indices_;
};

}  // namespace vdb
