#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "json/path.h"

namespace vdb {

/** A merge at `a[]` writes the patch once per element; this bounds what a small request can make of it. */
inline constexpr std::size_t kPayloadBytesMax = std::size_t{128} << 20;

/*
 * Changes of payloads, on minified JSON objects. Empty bytes are an empty payload, going in and coming
 * out: `{}` is never returned. Numbers and strings that are not touched keep their bytes. Throws
 * FormatError when the stored bytes are damaged, and merges throw BadRequest, with the same input always,
 * when the result would be larger than kPayloadBytesMax.
 */

/** Each top-level key of `patch` replaces that of `payload`; a null removes it, as in the original. */
std::string merge_payload(std::string_view payload, std::string_view patch);

/**
 * Merges into the objects at `path`. What is missing on the way is made; a value of another kind on
 * the way is replaced by the object or (empty) array that the path needs; `[n]` past the end changes
 * nothing.
 */
std::string merge_payload_at(std::string_view payload, const JsonPath& path, std::string_view patch);

/**
 * Removes what the paths name. A path that ends in `[]` empties the array; one that ends in `[n]`
 * changes nothing, since removing by position cannot be repeated safely.
 */
std::string delete_payload_keys(std::string_view payload, std::span<const JsonPath> paths);

}  // namespace vdb
