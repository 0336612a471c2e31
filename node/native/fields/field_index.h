#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fields/field_condition.h"
#include "fields/field_type.h"
#include "fields/slot_set.h"
#include "json/path.h"

namespace vdb {

/** How many slots of an index meet a condition: never fewer than `min` or more than `max`. */
struct Cardinality {
  std::uint64_t min = 0;
  std::uint64_t expected = 0;
  std::uint64_t max = 0;
};

/**
 * The values at one path, by value. An index answers exactly what looking at the payloads would:
 * for that it also remembers which slots have values of other types, nulls, or nothing.
 */
class FieldIndex {
 public:
  /** An empty index. */
  static std::unique_ptr<FieldIndex> make(JsonPath path, FieldType type, std::string parameters);
  virtual ~FieldIndex() = default;

  const JsonPath& path() const noexcept { return path_; }
  FieldType type() const noexcept { return type_; }
  const std::string& parameters() const noexcept { return parameters_; }
  /** Slots with at least one value of the index's type. */
  std::uint64_t points() const noexcept { return indexed_.size(); }
  std::uint64_t memory_bytes() const;

  void add(std::uint32_t slot, std::string_view payload);
  void remove(std::uint32_t slot, std::string_view payload);
  void remove_all(std::span<const std::uint64_t> slot_words);

  /** Whether the index can say for every slot if it meets the condition. */
  bool answers(const FieldCondition& condition) const;
  /** Sets the bits of the slots that meet it, which the index answers. `words` holds zeros, one bit per slot there is. */
  void matches(const FieldCondition& condition, std::span<std::uint64_t> words) const;
  /** For a condition that the index answers, in a shard of `slots` slots. */
  Cardinality cardinality(const FieldCondition& condition, std::uint64_t slots) const;

  void save(ByteWriter& out) const;
  void load(ByteReader& in, std::uint32_t slot_count);

 protected:
  /** What became of a value. */
  enum class Kept : std::uint8_t {
    kIndexed,  // it is of the index's type
    kAside,    // it is not, and the index keeps it all the same, to answer exactly
    kNo,
  };

  FieldIndex(JsonPath path, FieldType type, std::string parameters);

  /** `value` is neither null nor, as an element of an array, flattened further. */
  virtual Kept add_value(std::uint32_t slot, const JsonValue& value) = 0;
  virtual void remove_value(std::uint32_t slot, const JsonValue& value) = 0;
  virtual void remove_values(std::span<const std::uint64_t> slot_words) = 0;
  /** The three questions above, for conditions on values. */
  virtual bool answers_values(const FieldCondition& condition) const = 0;
  virtual void match_values(const FieldCondition& condition, std::span<std::uint64_t> words) const = 0;
  virtual Cardinality values_cardinality(const FieldCondition& condition) const = 0;
  virtual std::uint64_t values_memory_bytes() const = 0;
  virtual void save_values(ByteWriter& out) const = 0;
  virtual void load_values(ByteReader& in, std::uint32_t slot_count) = 0;

  /** Slots with a value of the index's type. */
  const SlotSet& indexed() const noexcept { return indexed_; }
  /** Slots with a value that is not null and not kept. */
  const SlotSet& others() const noexcept { return others_; }
  /** Slots with more than one value of the index's type. */
  const SlotSet& several() const noexcept { return several_; }

 private:
  JsonPath path_;
  FieldType type_;
  std::string parameters_;
  SlotSet indexed_;
  SlotSet others_;
  SlotSet several_;
  SlotSet filled_;
  SlotSet nulls_;
};

/** Calls `visit` with what conditions on values look at: the value, or each element of an array; nulls are left out. */
template <class Visit>
void visit_indexable(std::string_view payload, const JsonPath& path, Visit&& visit) {
  visit_values(payload, path, [&](const JsonValue& value) {
    if (!value.is_null()) visit(value);
    return true;
  });
}

}  // namespace vdb
