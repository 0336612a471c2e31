// What an operation will do, while it is worked out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shard/applier.h"
#include "shard/change_set.h"

namespace vdb {

inline std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/** An operation between its decoding and its publication. */
struct PendingOperation {
  PendingOperation(Generation& generation, uint64_t at, ApplyMode how) : sequence(at), mode(how), changes(generation) {}

  const uint64_t sequence;
  const ApplyMode mode;
  ChangeSet changes;
  StoreBatch batch;
  ApplyOutcome outcome;
  /** Index changes are published by these, under the lock. */
  std::optional<FieldIndexes> created;
  std::optional<std::string> dropped;

  bool live() const noexcept { return mode == ApplyMode::kLive; }
};

}  // namespace vdb
