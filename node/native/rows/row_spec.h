#pragma once

#include <cstddef>
#include <cstdint>

namespace vdb {

enum class Distance : std::uint8_t { kCosine, kDot, kEuclid, kManhattan };

enum class RowType : std::uint8_t { kFloat32 = 0, kFloat16 = 1, kUint8 = 2 };

constexpr std::size_t element_bytes(RowType type) {
  switch (type) {
    case RowType::kFloat32: return 4;
    case RowType::kFloat16: return 2;
    case RowType::kUint8: return 1;
  }
  return 0;
}

/** What the rows of one vector name have in common. */
struct RowSpec {
  std::uint32_t dimension = 0;
  Distance distance = Distance::kCosine;
  RowType type = RowType::kFloat32;

  std::size_t row_bytes() const { return dimension * element_bytes(type); }
  friend bool operator==(const RowSpec&, const RowSpec&) = default;
};

/** Suffix of the row file: rows.<vector>.<suffix>. */
constexpr const char* file_suffix(RowType type) {
  switch (type) {
    case RowType::kFloat32: return "f32";
    case RowType::kFloat16: return "f16";
    case RowType::kUint8: return "u8";
  }
  return "";
}

/**
 * Inside the engine every score is a distance: smaller is better. Cosine and Dot are negated
 * similarities, Euclid is squared, Manhattan is itself. This turns a distance into the score of the
 * API: similarities (bigger is better) for Cosine and Dot, lengths (smaller is better) for the others.
 */
float api_score(Distance distance, float internal);

/** The inverse of api_score, for score thresholds: hits with internal distance <= the result pass. */
float internal_distance(Distance distance, float score);

constexpr bool bigger_score_is_better(Distance distance) {
  return distance == Distance::kCosine || distance == Distance::kDot;
}

}  // namespace vdb
