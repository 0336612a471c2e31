// The newest tick of each peer's clocks among the operations that a generation has applied.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "codec/operation.h"

namespace vdb {

/** Noted on the strand, asked from any thread. */
class ClockTable {
 public:
  /** A tag of zeros is none. */
  void note(const ClockTag& tag) {
    if (tag == ClockTag{}) return;
    const std::lock_guard guard(mutex_);
    uint64_t& newest = ticks_[{tag.peer, tag.clock}];
    newest = std::max(newest, tag.tick);
  }

  /** By peer and clock. */
  std::vector<ClockTag> newest() const {
    const std::lock_guard guard(mutex_);
    std::vector<ClockTag> tags;
    tags.reserve(ticks_.size());
    for (const auto& [clock, tick] : ticks_) tags.push_back({clock.first, clock.second, tick});
    return tags;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<uint64_t, uint32_t>, uint64_t> ticks_;
};

}  // namespace vdb
