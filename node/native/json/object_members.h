#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vdb {

/**
 * Makes keys of objects unique while JSON text is written: of members with the same key, the last one
 * stays. Keys are compared decoded, so `"a"` and `"\u0061"` are the same. Costs one hash per member,
 * and n log n at the end of an object, whatever keys a client invents.
 */
class ObjectMembers {
 public:
  /** Where the members of an object that now begins will be noted. */
  std::size_t begin() const noexcept { return members_.size(); }
  /** Notes a member that starts at `offset` of the output. `key` is the inside of its key token. */
  void add(std::string_view key, bool escapes, std::size_t offset);
  /**
   * Ends the object that began at `first`: `out` ends behind its last member, without the closing
   * brace. Members that a later one replaces are taken out of `out`.
   */
  void end(std::size_t first, std::string& out);

 private:
  struct Member {
    std::uint64_t hash;
    std::size_t offset;
  };
  bool same_hash_twice(std::size_t first);
  void keep_last(std::size_t first, std::string& out);

  std::vector<Member> members_;
  std::vector<std::uint64_t> hashes_;
  std::string decoded_;
};

}  // namespace vdb
