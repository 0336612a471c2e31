#include "codec/content_digest.h"

#include <cstring>

#include "io/errors.h"
#include "io/xxh64.h"
#include "json/value.h"

namespace vdb {
namespace {

/** What a digest is of; where each begins, so that an empty array and an empty object differ. */
constexpr ContentDigest kPoint{1, 0x100};
constexpr ContentDigest kVector{2, 0x200};
constexpr ContentDigest kScalar{3, 0x300};
constexpr ContentDigest kArray{4, 0x400};
constexpr ContentDigest kObject{5, 0x500};
constexpr ContentDigest kKey{6, 0x600};

/** `digest` gone on with more bytes: the hash so far is the seed of the next. */
ContentDigest extended(const ContentDigest& digest, std::span<const std::uint8_t> bytes) {
  return {xxh64(bytes, digest.low), xxh64(bytes, digest.high)};
}

ContentDigest extended(const ContentDigest& digest, std::string_view text) {
  return extended(digest, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

ContentDigest extended(const ContentDigest& digest, const ContentDigest& part) {
  std::uint8_t bytes[2 * sizeof(std::uint64_t)];
  std::memcpy(bytes, &part.low, sizeof(part.low));
  std::memcpy(bytes + sizeof(part.low), &part.high, sizeof(part.high));
  return extended(digest, bytes);
}

/** Walks over minified JSON once, whatever its depth. */
class PayloadWalk {
 public:
  explicit PayloadWalk(std::string_view text) : text_(text) {}

  ContentDigest value(std::size_t depth) {
    if (depth > kStoredJsonDepthMax) throw FormatError("stored JSON is nested too deeply");
    switch (next()) {
      case '{': return object(depth);
      case '[': return array(depth);
      default: return extended(kScalar, scalar().text());
    }
  }

 private:
  char next() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  bool accept(char token) {
    if (next() != token) return false;
    ++position_;
    return true;
  }

  void expect(char token) {
    if (!accept(token)) json_detail::damaged();
  }

  JsonValue scalar() {
    const std::size_t end = end_of_value(text_, position_);
    const JsonValue value(text_.substr(position_, end - position_));
    position_ = end;
    return value;
  }

  ContentDigest object(std::size_t depth) {
    ContentDigest members;
    std::string buffer;
    expect('{');
    if (accept('}')) return extended(kObject, members);
    do {
      if (next() != '"') json_detail::damaged();
      const ContentDigest key = extended(kKey, scalar().string(buffer));
      expect(':');
      members += extended(key, value(depth + 1));
    } while (accept(','));
    expect('}');
    return extended(kObject, members);
  }

  ContentDigest array(std::size_t depth) {
    ContentDigest digest = kArray;
    expect('[');
    if (accept(']')) return digest;
    do {
      digest = extended(digest, value(depth + 1));
    } while (accept(','));
    expect(']');
    return digest;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

ContentDigest digest_vector(const VectorView& vector, std::string_view name) {
  std::uint8_t shape[1 + 2 * sizeof(std::uint32_t)];
  shape[0] = static_cast<std::uint8_t>(vector.form);
  std::memcpy(shape + 1, &vector.rows, sizeof(vector.rows));
  std::memcpy(shape + 1 + sizeof(vector.rows), &vector.dimension, sizeof(vector.dimension));
  ContentDigest digest = extended(extended(kVector, name), std::span<const std::uint8_t>(shape));
  if (vector.form == VectorForm::kSparse) digest = extended(digest, vector.index_bytes);
  return extended(digest, vector.value_bytes);
}

}  // namespace

ContentDigest digest_payload(std::string_view payload) { return PayloadWalk(payload.empty() ? "{}" : payload).value(0); }

ContentDigest digest_point(const BatchPoint& point, std::span<const std::string> names) {
  ByteWriter id;
  id.id(point.id);
  ContentDigest vectors;
  for (const VectorView& vector : point.vectors) vectors += digest_vector(vector, names[vector.name]);
  return extended(extended(extended(kPoint, id.view()), digest_payload(point.payload)), vectors);
}

}  // namespace vdb
