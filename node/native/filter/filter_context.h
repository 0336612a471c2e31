#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "fields/field_indexes.h"
#include "ids/id_index.h"

namespace vdb {

/**
 * What a filter is evaluated against; the shard implements it over one generation. All but `payloads`
 * is asked under the shard's shared lock, which the caller holds as each function says.
 */
class FilterContext {
 public:
  virtual ~FilterContext() = default;

  /** Live slots as bits: one for each slot there is, to the end of a word. The same during one evaluation. */
  virtual std::span<const std::uint64_t> live() const = 0;
  virtual const IdIndex& ids() const = 0;
  virtual const FieldIndexes& fields() const = 0;
  /** Sets the bits of the slots that have a vector of this name; `words` holds zeros. Unknown names have none. */
  virtual void slots_with_vector(std::string_view name, std::span<std::uint64_t> words) const = 0;
  /**
   * Reads payloads and calls `visit(position in slots, payload)` for each, in any order. Empty bytes
   * are an empty payload. Called with at most 256 slots, so that one read serves them all.
   */
  virtual void payloads(std::span<const std::uint32_t> slots,
                        const std::function<void(std::size_t, std::string_view)>& visit) const = 0;
};

}  // namespace vdb
