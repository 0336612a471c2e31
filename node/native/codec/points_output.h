#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vdb {

enum class PointShape : std::uint8_t {
  /** With version and score. */
  kScored,
  /** qdrant.RetrievedPoint, and Record in JSON. */
  kRecord,
};

/**
 * A point batch as a JSON array. Payloads keep their bytes; float32 is printed in its shortest form. A
 * point's `vector` is the bare vector when the default one is its only one, and an object of named
 * ones otherwise. Parts that the batch does not hold are left out. Throws FormatError.
 */
std::vector<std::uint8_t> points_to_json(std::span<const std::uint8_t> batch, PointShape shape);

/** A point batch as the repeated field `field` of qdrant.ScoredPoint or qdrant.RetrievedPoint messages, with tags. */
std::vector<std::uint8_t> points_to_message(std::span<const std::uint8_t> batch, PointShape shape, std::uint32_t field);

/**
 * Merges batches, each best first, into one that is best first: `limit` points after the first
 * `offset`. Of points with the same id the better one stays, and ties go to the smaller id. Throws
 * FormatError.
 */
std::vector<std::uint8_t> merge_scored(std::span<const std::span<const std::uint8_t>> batches, bool higher_is_better,
                                       std::size_t offset, std::size_t limit);

}  // namespace vdb
