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

/**
 * Merges batches into one in id order, of at most `limit` points; of points with the same id the one of
 * the first batch stays. Throws FormatError.
 */
std::vector<std::uint8_t> merge_by_id(std::span<const std::span<const std::uint8_t>> batches, std::size_t limit);

/**
 * The points of all batches in the order of an ids block, each once. Ids that no batch has are left out,
 * and so are points that the block does not name. Throws FormatError.
 */
std::vector<std::uint8_t> order_by_ids(std::span<const std::span<const std::uint8_t>> batches,
                                       std::span<const std::uint8_t> ids);

enum class AgreedOrder : std::uint8_t {
  /** By score, in the direction that the batches have; without scores as the first batch that holds a point has it. */
  kScored,
  kHigher,
  kLower,
  kId,
};

/**
 * The points that at least `minimum` of the batches hold with the same payload, vectors and score; the
 * version of the first of them. Where that is true of several contents of an id, the one that most
 * hold. Throws FormatError.
 */
std::vector<std::uint8_t> agreed(std::span<const std::span<const std::uint8_t>> batches, std::size_t minimum, AgreedOrder order);

}  // namespace vdb
