#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vdb {

/** Which vectors a read returns (docs/internals/engine.md, "Selectors"). */
struct VectorSelector {
  enum class Mode : std::uint8_t { kNone = 0, kAll = 1, kThese = 2 };
  Mode mode = Mode::kNone;
  std::vector<std::string> names;

  bool wants_any() const noexcept { return mode != Mode::kNone; }
  bool wants(std::string_view name) const;
};

/** Throws FormatError. */
VectorSelector decode_vector_selector(std::span<const std::uint8_t> bytes);

}  // namespace vdb
