#pragma once

#include <span>
#include <string>

#include "json/path.h"
#include "json/value.h"

namespace vdb {

enum class PruneRule {
  /** What the paths lead to stays, with the containers on the way; `[n]` leads nowhere. */
  kKeep,
  /** What the paths lead to goes; `[n]` leads nowhere. */
  kDrop,
  /** As kDrop, but `[n]` leads into an element. At the end of a path it does nothing: removing by position cannot be repeated safely. */
  kDelete,
};

/** Appends the object `root` to `out` as `rule` leaves it. Takes time in proportion to the object and the paths, not to their product. */
void prune(std::string& out, const JsonValue& root, std::span<const JsonPath> paths, PruneRule rule);

}  // namespace vdb
