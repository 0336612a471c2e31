#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "filter/filter_context.h"
#include "filter/filter_node.h"
#include "filter/slot_words.h"

namespace vdb {

/**
 * What a filter asks for that is in no payload, fixed while the lock was held: payloads are looked at
 * without it, when ids, vectors and indexes may be changing.
 */
struct SlotFacts {
  /** Canonical paths with a UUID index, ascending. */
  std::vector<std::string> uuid_paths;
  /** The slots of each list of ids, ascending. */
  std::unordered_map<const HasId*, std::vector<std::uint32_t>> slots_of_ids;
  /** By the name of the vector. */
  std::map<std::string, SlotWords, std::less<>> slots_with_vector;

  /** The nodes of `root` are kept by their addresses, so it outlives the facts. */
  static SlotFacts gather(const FilterNode& root, const FilterContext& context);

  bool has_id(const HasId& leaf, std::uint32_t slot) const;
  bool has_vector(const HasVector& leaf, std::uint32_t slot) const;
};

}  // namespace vdb
