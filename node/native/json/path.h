#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace vdb {

/** One step of a payload path. */
struct PathStep {
  enum class Kind : std::uint8_t {
    kKey,    // member of an object: a.b
    kIndex,  // element of an array: a[3]
    kEvery,  // all elements of an array: a[]
  };
  Kind kind = Kind::kKey;
  std::string key;
  std::uint64_t index = 0;

  friend bool operator==(const PathStep&, const PathStep&) = default;
};

/**
 * A path into a payload. The syntax is that of the original: keys separated by dots, `[]` for every
 * element of an array, `[n]` for one. A key is letters, digits, `_` and `-` as it stands, and
 * anything without `"` and `\` between double quotes: `a.b[].c`, `"a.b"[0]`. The first step is a key,
 * there are at most kPathStepsMax steps.
 *
 * A bare key may hold any byte above 0x7f: what the original refuses of that (marks, symbols) is
 * accepted here.
 */
class JsonPath {
 public:
  /** Nothing when `text` is not a path. */
  static std::optional<JsonPath> parse(std::string_view text);
  /** As parse; throws BadRequest that quotes the text. */
  static JsonPath require(std::string_view text);

  explicit JsonPath(std::vector<PathStep> steps) : steps_(std::move(steps)) {}

  const std::vector<PathStep>& steps() const noexcept { return steps_; }
  /** The canonical text: quotes only where they are needed. */
  std::string to_string() const;
  /** `a[]` as `a`: a field index at a path covers the elements of an array there, either way. */
  JsonPath without_last_every() const;

  friend bool operator==(const JsonPath&, const JsonPath&) = default;

 private:
  std::vector<PathStep> steps_;
};

/**
 * Calls `visit(JsonValue)` with every value at `path` in `root`, in order, until it returns false;
 * returns false when it was stopped. An array at the end of the path is one value. An array on the
 * way is entered only by `[]` or `[n]`, as in the original.
 */
template <class Visit>
bool visit_path(const JsonValue& root, const JsonPath& path, Visit&& visit);

/**
 * As visit_path, but an array at the end of the path gives each of its elements instead of itself
 * (one level): what conditions and field indexes look at.
 */
template <class Visit>
bool visit_values(const JsonValue& root, const JsonPath& path, Visit&& visit) {
  return visit_path(root, path, [&](const JsonValue& value) {
    if (value.kind() != JsonKind::kArray) return static_cast<bool>(visit(value));
    return value.each_element([&](const JsonValue& element) { return static_cast<bool>(visit(element)); });
  });
}

/** As above over a payload's bytes; empty bytes are an empty payload. */
template <class Visit>
bool visit_values(std::string_view payload, const JsonPath& path, Visit&& visit) {
  return payload.empty() || visit_values(JsonValue(payload), path, visit);
}
template <class Visit>
bool visit_path(std::string_view payload, const JsonPath& path, Visit&& visit) {
  return payload.empty() || visit_path(JsonValue(payload), path, visit);
}

namespace json_detail {

template <class Visit>
bool visit_steps(const JsonValue& value, const PathStep* step, const PathStep* end, Visit& visit) {
  if (step == end) return static_cast<bool>(visit(value));
  switch (step->kind) {
    case PathStep::Kind::kKey: {
      JsonValue member = value;
      if (value.kind() != JsonKind::kObject || !find_member(value, step->key, member)) return true;
      return visit_steps(member, step + 1, end, visit);
    }
    case PathStep::Kind::kIndex: {
      if (value.kind() != JsonKind::kArray) return true;
      std::uint64_t position = 0;
      bool go_on = true;
      value.each_element([&](const JsonValue& element) {
        if (position++ != step->index) return true;
        go_on = visit_steps(element, step + 1, end, visit);
        return false;
      });
      return go_on;
    }
    case PathStep::Kind::kEvery:
      if (value.kind() != JsonKind::kArray) return true;
      return value.each_element([&](const JsonValue& element) { return visit_steps(element, step + 1, end, visit); });
  }
  return true;
}

}  // namespace json_detail

template <class Visit>
bool visit_path(const JsonValue& root, const JsonPath& path, Visit&& visit) {
  const std::vector<PathStep>& steps = path.steps();
  return json_detail::visit_steps(root, steps.data(), steps.data() + steps.size(), visit);
}

}  // namespace vdb
