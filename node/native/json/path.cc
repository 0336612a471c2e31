#include "json/path.h"

#include <charconv>

#include "io/errors.h"

namespace vdb {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool is_bare(std::string_view key) {
  for (const char c : key) {
    if (!is_bare(c)) return false;
  }
  return !key.empty();
}

/** Takes a key off the front of `text`. */
std::optional<PathStep> take_key(std::string_view& text) {
  PathStep step;
  std::size_t size = 0;
  if (!text.empty() && text.front() == '"') {
    const std::size_t end = text.find_first_of("\"\\", 1);
    if (end == std::string_view::npos || text[end] != '"') return std::nullopt;
    step.key = text.substr(1, end - 1);
    size = end + 1;
  } else {
    while (size < text.size() && is_bare(text[size])) ++size;
    if (size == 0) return std::nullopt;
    step.key = text.substr(0, size);
  }
  text.remove_prefix(size);
  return step;
}

/** Takes `[]` or `[n]` off the front of `text`, which begins with the bracket. */
std::optional<PathStep> take_brackets(std::string_view& text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  PathStep step;
  step.kind = PathStep::Kind::kEvery;
  if (inside.empty()) return step;
  step.kind = PathStep::Kind::kIndex;
  const auto [rest, error] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
  if (error != std::errc() || rest != inside.data() + inside.size()) return std::nullopt;
  return step;
}

}  // namespace

std::optional<JsonPath> JsonPath::parse(std::string_view text) {
  std::vector<PathStep> steps;
  std::optional<PathStep> step = take_key(text);
  while (step) {
    if (steps.size() == kPathStepsMax) return std::nullopt;
    steps.push_back(std::move(*step));
    if (text.empty()) return JsonPath(std::move(steps));
    if (text.front() == '[') {
      step = take_brackets(text);
    } else if (text.front() == '.') {
      text.remove_prefix(1);
      step = take_key(text);
    } else {
      step = std::nullopt;
    }
  }
  return std::nullopt;
}

JsonPath JsonPath::require(std::string_view text) {
  std::optional<JsonPath> path = parse(text);
  if (!path) {
    constexpr std::size_t kQuotedMax = 256;
    throw BadRequest("Invalid json path: '" + std::string(text.substr(0, kQuotedMax)) + "'");
  }
  return std::move(*path);
}

std::string JsonPath::to_string() const {
  std::string text;
  for (const PathStep& step : steps_) {
    switch (step.kind) {
      case PathStep::Kind::kKey:
        if (!text.empty()) text.push_back('.');
        if (is_bare(step.key)) {
          text.append(step.key);
        } else {
          text.append(1, '"').append(step.key).append(1, '"');
        }
        break;
      case PathStep::Kind::kIndex:
        text.append(1, '[').append(std::to_string(step.index)).append(1, ']');
        break;
      case PathStep::Kind::kEvery:
        text.append("[]");
        break;
    }
  }
  return text;
}

JsonPath JsonPath::without_last_every() const {
  std::vector<PathStep> steps = steps_;
  if (!steps.empty() && steps.back().kind == PathStep::Kind::kEvery) steps.pop_back();
  return JsonPath(std::move(steps));
}

}  // namespace vdb
