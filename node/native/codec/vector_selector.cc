#include "codec/vector_selector.h"

#include <algorithm>

#include "io/bytes.h"

namespace vdb {

bool VectorSelector::wants(std::string_view name) const {
  return mode == Mode::kAll || (mode == Mode::kThese && std::find(names.begin(), names.end(), name) != names.end());
}

VectorSelector decode_vector_selector(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  VectorSelector selector;
  const std::uint8_t mode = reader.u8();
  if (mode > static_cast<std::uint8_t>(VectorSelector::Mode::kThese)) throw FormatError("unknown mode of a vector selector");
  selector.mode = static_cast<VectorSelector::Mode>(mode);
  if (selector.mode == VectorSelector::Mode::kThese) selector.names = reader.name_table();
  reader.expect_end();
  return selector;
}

}  // namespace vdb
