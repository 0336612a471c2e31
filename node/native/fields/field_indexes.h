#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fields/field_type.h"
#include "io/bytes.h"

namespace vdb {

class FieldIndex;

struct FieldIndexInfo {
  /** In canonical spelling. */
  std::string path;
  FieldType type;
  /** As given at creation. */
  std::string parameters;
  /** Slots with at least one value of the index's type. */
  std::uint64_t points;
  std::uint64_t memory_bytes;
};

/**
 * The field indexes of a shard, over slots. Only live points are in them: the owner removes a slot
 * with the payload that it has before it changes or drops that payload. Payloads are minified JSON
 * objects; empty bytes are an empty object. One writer; readers hold the shard's shared lock.
 */
class FieldIndexes {
 public:
  FieldIndexes();
  ~FieldIndexes();
  FieldIndexes(FieldIndexes&&) noexcept;
  FieldIndexes& operator=(FieldIndexes&&) noexcept;

  /**
   * An empty index; the owner fills it with `add_to` for every live slot. One at the same path is
   * replaced, unless type and parameters are the same: then nothing happens and false is returned.
   * Throws BadRequest for a path that does not parse.
   */
  bool create(std::string_view path, FieldType type, std::string_view parameters);
  /** Takes over every index of `other`, in place of those at the same paths: for indexes that were filled aside. */
  void adopt(FieldIndexes&& other);
  /** False when there is none at the path. */
  bool drop(std::string_view path);
  std::vector<FieldIndexInfo> list() const;
  bool empty() const noexcept { return indexes_.empty(); }

  /** Puts the values of one point into every index. Adding what is there already changes nothing. */
  void add(std::uint32_t slot, std::string_view payload);
  /** Takes them out; `payload` is what was added. */
  void remove(std::uint32_t slot, std::string_view payload);
  /** Into the index at `path` alone, which exists. */
  void add_to(std::string_view path, std::uint32_t slot, std::string_view payload);
  /** Takes slots out of every index without knowing their values, at the cost of a walk through all of them. */
  void remove_all(std::span<const std::uint64_t> slot_words);

  /** The index at a canonical path, or null. */
  const FieldIndex* find(std::string_view canonical_path) const;
  /** Canonical paths of the UUID indexes, ascending. */
  std::vector<std::string> uuid_paths() const;
  std::uint64_t memory_bytes() const;

  void save(ByteWriter& out) const;
  /** Replaces the contents. Throws FormatError, also for slots at or past `slot_count`. */
  void load(ByteReader& in, std::uint32_t slot_count);

 private:
  std::map<std::string, std::unique_ptr<FieldIndex>, std::less<>> indexes_;
};

}  // namespace vdb
