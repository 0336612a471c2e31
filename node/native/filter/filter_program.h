#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace vdb {

struct FilterNode;

/** A decoded filter program (docs/internals/engine.md, "Filter programs"). Immutable; read by any thread. */
class FilterProgram {
 public:
  /**
   * Throws BadRequest for bytes that are no program, nesting deeper than 64, more than 65,536 nodes,
   * or a path that does not parse. Copies what it needs.
   */
  static FilterProgram decode(std::span<const std::uint8_t> bytes);

  FilterProgram(FilterProgram&&) noexcept;
  FilterProgram& operator=(FilterProgram&&) noexcept;
  ~FilterProgram();

  const FilterNode& root() const { return *root_; }

 private:
  explicit FilterProgram(std::unique_ptr<const FilterNode> root);
  std::unique_ptr<const FilterNode> root_;
};

}  // namespace vdb
