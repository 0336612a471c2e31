#include "payload/payload_edit.h"

#include <functional>
#include <map>
#include <optional>

#include "io/errors.h"
#include "json/string.h"
#include "payload/prune.h"

namespace vdb {
namespace {

/** A payload as it is stored: nothing for an object without members. */
std::string stored(std::string object) {
  if (object.size() == 2) object.clear();
  return object;
}

class Merger {
 public:
  explicit Merger(std::string_view patch) {
    JsonValue(patch).each_member([&](const JsonValue& key, const JsonValue& value) {
      patch_.insert_or_assign(key.string(), value);
      return true;
    });
  }

  /** Appends what becomes of `target` (nothing: a missing value) when the patch is merged at `steps` below it. */
  void append_set(const std::optional<JsonValue>& target, std::span<const PathStep> steps) {
    if (out_.size() > kPayloadBytesMax) throw BadRequest("the payload would become too large");
    if (steps.empty()) return append_merged(target);
    const PathStep& step = steps.front();
    const std::span<const PathStep> rest = steps.subspan(1);
    switch (step.kind) {
      case PathStep::Kind::kKey: return append_with_member(target, step.key, rest);
      case PathStep::Kind::kIndex: return append_with_elements(target, step.index, rest);
      case PathStep::Kind::kEvery: return append_with_elements(target, std::nullopt, rest);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static bool is(const std::optional<JsonValue>& target, JsonKind kind) { return target && target->kind() == kind; }

  void comma(std::size_t start) {
    if (out_.size() != start) out_.push_back(',');
  }

  void append_merged(const std::optional<JsonValue>& target) {
    out_.push_back('{');
    const std::size_t start = out_.size();
    std::map<std::string_view, const JsonValue*> left;
    for (const auto& [key, value] : patch_) left.emplace(key, &value);
    if (is(target, JsonKind::kObject)) {
      target->each_member([&](const JsonValue& key, const JsonValue& value) {
        const auto found = left.find(key.string(key_));
        const JsonValue merged = found == left.end() ? value : *found->second;
        const bool removed = found != left.end() && merged.is_null();
        if (found != left.end()) left.erase(found);
        if (removed) return true;
        comma(start);
        out_.append(key.text()).append(":").append(merged.text());
        return true;
      });
    }
    for (const auto& [key, value] : left) {
      if (value->is_null()) continue;
      comma(start);
      append_quoted(out_, key);
      out_.append(":").append(value->text());
    }
    out_.push_back('}');
  }

  void append_with_member(const std::optional<JsonValue>& target, std::string_view key, std::span<const PathStep> rest) {
    out_.push_back('{');
    const std::size_t start = out_.size();
    bool found = false;
    if (is(target, JsonKind::kObject)) {
      target->each_member([&](const JsonValue& name, const JsonValue& value) {
        comma(start);
        out_.append(name.text()).push_back(':');
        if (!found && name.string_equals(key)) {
          found = true;
          append_set(value, rest);
        } else {
          out_.append(value.text());
        }
        return true;
      });
    }
    if (!found) {
      comma(start);
      append_quoted(out_, key);
      out_.push_back(':');
      append_set(std::nullopt, rest);
    }
    out_.push_back('}');
  }

  /** `only` is the element to descend into; none: all of them. */
  void append_with_elements(const std::optional<JsonValue>& target, std::optional<std::uint64_t> only,
                            std::span<const PathStep> rest) {
    out_.push_back('[');
    const std::size_t start = out_.size();
    std::uint64_t position = 0;
    if (is(target, JsonKind::kArray)) {
      target->each_element([&](const JsonValue& element) {
        comma(start);
        if (!only || *only == position) {
          append_set(element, rest);
        } else {
          out_.append(element.text());
        }
        ++position;
        return true;
      });
    }
    out_.push_back(']');
  }

  std::map<std::string, JsonValue> patch_;
  std::string out_;
  std::string key_;
};

std::string merge(std::string_view payload, std::span<const PathStep> steps, std::string_view patch) {
  Merger merger(patch.empty() ? "{}" : patch);
  merger.append_set(JsonValue(payload.empty() ? "{}" : payload), steps);
  return stored(merger.take());
}

}  // namespace

std::string merge_payload(std::string_view payload, std::string_view patch) { return merge(payload, {}, patch); }

std::string merge_payload_at(std::string_view payload, const JsonPath& path, std::string_view patch) {
  return merge(payload, path.steps(), patch);
}

std::string delete_payload_keys(std::string_view payload, std::span<const JsonPath> paths) {
  if (payload.empty()) return {};
  std::string out;
  prune(out, JsonValue(payload), paths, PruneRule::kDelete);
  return stored(std::move(out));
}

}  // namespace vdb
