// Which failures a shard survives by waiting.
#pragma once

#include <string_view>

#include "io/errors.h"

namespace vdb {

/** The disk is full, and what was tried may be tried again. Not so for a sync: one that failed is never repeated. */
inline bool is_lack_of_space(const IoError& error) {
  return error.no_space() && std::string_view(error.operation()).find("sync") == std::string_view::npos;
}

}  // namespace vdb
