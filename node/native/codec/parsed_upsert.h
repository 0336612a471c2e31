#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/vector_check.h"

namespace vdb {

/** What the readers of upserts and vector updates make of a request (addon.ts, ParsedUpsert). */
struct ParsedUpsert {
  /** An operation without a clock tag, ready for a log. */
  std::vector<std::uint8_t> operation;
  std::uint32_t points = 0;
  /** Every top-level field but the points, as a minified JSON object; empty for messages. */
  std::string rest;
};

/**
 * Body of `PUT points`: `points` in list form or `batch` in columns. Throws BadJson for text that
 * does not have the form, with the path of the field, and BadRequest for ids and vectors that do not
 * fit the collection.
 */
ParsedUpsert parse_upsert(std::string_view body, std::span<const VectorShape> shapes);

/** Body of `PUT points/vectors`. */
ParsedUpsert parse_update_vectors(std::string_view body, std::span<const VectorShape> shapes);

/** The message `qdrant.UpsertPoints`. Throws BadRequest; the other fields of the message are skipped. */
ParsedUpsert parse_upsert_message(std::span<const std::uint8_t> message, std::span<const VectorShape> shapes);

/** The message `qdrant.UpdatePointVectors`. */
ParsedUpsert parse_update_vectors_message(std::span<const std::uint8_t> message, std::span<const VectorShape> shapes);

}  // namespace vdb
