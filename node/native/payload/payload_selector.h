#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/path.h"

namespace vdb {

/** Which part of payloads a read returns (docs/internals/engine.md, "Selectors"). */
struct PayloadSelector {
  enum class Mode : std::uint8_t { kNone = 0, kAll = 1, kOnly = 2, kAllBut = 3 };
  Mode mode = Mode::kNone;
  std::vector<JsonPath> paths;

  bool wants_any() const noexcept { return mode != Mode::kNone; }
};

/** Throws FormatError. */
PayloadSelector decode_payload_selector(std::span<const std::uint8_t> bytes);

/**
 * The selected part of a payload (a minified object, or empty bytes, going in and coming out). Through
 * arrays only paths with `[]` lead; containers on the way of kOnly stay, emptied of everything else.
 */
std::string select_payload(std::string_view payload, const PayloadSelector& selector);

}  // namespace vdb
