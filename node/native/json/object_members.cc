#include "json/object_members.h"

#include <algorithm>
#include <functional>

#include "json/string.h"

namespace vdb {
namespace {

/** Objects up to this many members compare all pairs of hashes, which is faster than sorting them. */
constexpr std::size_t kPairsMax = 16;

}  // namespace

void ObjectMembers::add(std::string_view key, bool escapes, std::size_t offset) {
  if (escapes) {
    decoded_.clear();
    append_decoded(decoded_, key);
    key = decoded_;
  }
  members_.push_back({std::hash<std::string_view>{}(key), offset});
}

void ObjectMembers::end(std::size_t first, std::string& out) {
  if (same_hash_twice(first)) keep_last(first, out);
  members_.resize(first);
}

bool ObjectMembers::same_hash_twice(std::size_t first) {
  const std::size_t count = members_.size() - first;
  if (count < 2) return false;
  if (count <= kPairsMax) {
    for (std::size_t i = first + 1; i < members_.size(); ++i) {
      for (std::size_t j = first; j < i; ++j) {
        if (members_[i].hash == members_[j].hash) return true;
      }
    }
    return false;
  }
  hashes_.clear();
  for (std::size_t i = first; i < members_.size(); ++i) hashes_.push_back(members_[i].hash);
  std::sort(hashes_.begin(), hashes_.end());
  return std::adjacent_find(hashes_.begin(), hashes_.end()) != hashes_.end();
}

void ObjectMembers::keep_last(std::size_t first, std::string& out) {
  const std::size_t count = members_.size() - first;
  std::vector<std::string> keys(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = std::string_view(out).substr(members_[first + i].offset);
    append_decoded(keys[i], text.substr(1, scan_string(text).size - 2));
  }
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return keys[a] != keys[b] ? keys[a] < keys[b] : a < b; });
  std::vector<bool> replaced(count, false);
  for (std::size_t i = 1; i < count; ++i) {
    if (keys[order[i - 1]] == keys[order[i]]) replaced[order[i - 1]] = true;
  }
  std::size_t written = members_[first].offset;
  bool any = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (replaced[i]) continue;
    const std::size_t from = members_[first + i].offset;
    // A comma follows every member but the last.
    const std::size_t to = i + 1 < count ? members_[first + i + 1].offset - 1 : out.size();
    if (any) out[written++] = ',';
    std::copy(out.begin() + static_cast<std::ptrdiff_t>(from), out.begin() + static_cast<std::ptrdiff_t>(to),
              out.begin() + static_cast<std::ptrdiff_t>(written));
    written += to - from;
    any = true;
  }
  out.resize(written);
}

}  // namespace vdb
