#include "payload/prune.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace vdb {
namespace {

/** All paths as one tree, so that a member is looked up once for all of them. */
struct PathNode {
  bool ends = false;
  std::map<std::string, PathNode, std::less<>> members;
  std::map<std::uint64_t, PathNode> elements;
  std::unique_ptr<PathNode> every;

  PathNode& child(const PathStep& step) {
    switch (step.kind) {
      case PathStep::Kind::kKey: return members[step.key];
      case PathStep::Kind::kIndex: return elements[step.index];
      case PathStep::Kind::kEvery: break;
    }
    if (!every) every = std::make_unique<PathNode>();
    return *every;
  }
};

/** The nodes that lead to one value: more than one where `[]` and `[n]` meet. */
using Nodes = std::vector<const PathNode*>;

class Pruner {
 public:
  Pruner(std::string& out, std::span<const JsonPath> paths, PruneRule rule) : out_(out), rule_(rule) {
    for (const JsonPath& path : paths) add(path);
  }

  void run(const JsonValue& root) { append(root, {&root_}); }

 private:
  void add(const JsonPath& path) {
    const std::vector<PathStep>& steps = path.steps();
    const bool by_position = !steps.empty() && steps.back().kind == PathStep::Kind::kIndex;
    if (steps.empty() || (rule_ == PruneRule::kDelete && by_position)) return;
    PathNode* node = &root_;
    for (const PathStep& step : steps) node = &node->child(step);
    node->ends = true;
  }

  void append(const JsonValue& value, const Nodes& nodes) {
    switch (value.kind()) {
      case JsonKind::kObject: return append_object(value, nodes);
      case JsonKind::kArray: return append_array(value, nodes);
      case JsonKind::kNull: case JsonKind::kBool: case JsonKind::kNumber: case JsonKind::kString:
        out_.append(value.text());
    }
  }

  void append_object(const JsonValue& object, const Nodes& nodes) {
    out_.push_back('{');
    const std::size_t start = out_.size();
    object.each_member([&](const JsonValue& key, const JsonValue& value) {
      Nodes inner;
      const std::string_view name = key.string(key_);
      for (const PathNode* node : nodes) {
        if (const auto found = node->members.find(name); found != node->members.end()) inner.push_back(&found->second);
      }
      if (!stays(inner)) return true;
      if (out_.size() != start) out_.push_back(',');
      out_.append(key.text()).push_back(':');
      append_inner(value, inner);
      return true;
    });
    out_.push_back('}');
  }

  void append_array(const JsonValue& array, const Nodes& nodes) {
    out_.push_back('[');
    const std::size_t start = out_.size();
    std::uint64_t position = 0;
    array.each_element([&](const JsonValue& element) {
      Nodes inner;
      for (const PathNode* node : nodes) {
        if (node->every) inner.push_back(node->every.get());
        if (rule_ != PruneRule::kDelete) continue;
        if (const auto found = node->elements.find(position); found != node->elements.end()) inner.push_back(&found->second);
      }
      ++position;
      if (!stays(inner)) return true;
      if (out_.size() != start) out_.push_back(',');
      append_inner(element, inner);
      return true;
    });
    out_.push_back(']');
  }

  static bool any_ends(const Nodes& nodes) {
    for (const PathNode* node : nodes) {
      if (node->ends) return true;
    }
    return false;
  }

  bool stays(const Nodes& inner) const { return rule_ == PruneRule::kKeep ? !inner.empty() : !any_ends(inner); }

  void append_inner(const JsonValue& value, const Nodes& inner) {
    const bool whole = inner.empty() || (rule_ == PruneRule::kKeep && any_ends(inner));
    if (whole) {
      out_.append(value.text());
    } else {
      append(value, inner);
    }
  }

  std::string& out_;
  PruneRule rule_;
  PathNode root_;
  std::string key_;
};

}  // namespace

void prune(std::string& out, const JsonValue& root, std::span<const JsonPath> paths, PruneRule rule) {
  Pruner(out, paths, rule).run(root);
}

}  // namespace vdb
