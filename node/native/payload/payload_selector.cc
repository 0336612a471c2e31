#include "payload/payload_selector.h"

#include "io/bytes.h"
#include "payload/prune.h"

namespace vdb {

PayloadSelector decode_payload_selector(std::span<const std::uint8_t> bytes) {
  ByteReader reader(bytes);
  PayloadSelector selector;
  const std::uint8_t mode = reader.u8();
  if (mode > static_cast<std::uint8_t>(PayloadSelector::Mode::kAllBut)) throw FormatError("unknown mode of a payload selector");
  selector.mode = static_cast<PayloadSelector::Mode>(mode);
  if (selector.mode == PayloadSelector::Mode::kOnly || selector.mode == PayloadSelector::Mode::kAllBut) {
    const std::uint16_t count = reader.u16();
    for (std::uint16_t i = 0; i < count; ++i) {
      std::optional<JsonPath> path = JsonPath::parse(reader.string());
      if (!path) throw FormatError("a path of a payload selector is not valid");
      selector.paths.push_back(std::move(*path));
    }
  }
  reader.expect_end();
  return selector;
}

std::string select_payload(std::string_view payload, const PayloadSelector& selector) {
  if (payload.empty() || selector.mode == PayloadSelector::Mode::kNone) return {};
  if (selector.mode == PayloadSelector::Mode::kAll) return std::string(payload);
  const PruneRule rule = selector.mode == PayloadSelector::Mode::kOnly ? PruneRule::kKeep : PruneRule::kDrop;
  std::string out;
  prune(out, JsonValue(payload), selector.paths, rule);
  if (out.size() == 2) out.clear();
  return out;
}

}  // namespace vdb
