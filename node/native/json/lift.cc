#include "json/lift.h"

#include <cmath>

#include "json/scanner.h"

namespace vdb {
namespace {

constexpr std::string_view kMark = "$lifted";

/** Walks as JsonScanner::copy_value does, lifting on the way. */
class Lifter {
 public:
  explicit Lifter(std::string_view body) : scanner_(body) { lifted_.json.reserve(body.size() / 4); }

  LiftedJson run(std::string_view body) {
    copy();
    scanner_.expect_end();
    if (!mark_seen_) return std::move(lifted_);
    LiftedJson plain;
    plain.json = minify_json(body);
    return plain;
  }

 private:
  void copy() {
    switch (scanner_.peek()) {
      case '[':
        if (!lift()) copy_array();
        return;
      case '{': return copy_object();
      default: scanner_.copy_value(lifted_.json);
    }
  }

  bool lift() {
    const std::size_t start = scanner_.position();
    std::vector<float> numbers = std::move(scratch_);
    numbers.clear();
    bool lifts = scanner_.float32_array(numbers) && numbers.size() >= kLiftedNumbersMin;
    for (std::size_t i = 0; lifts && i < numbers.size(); ++i) lifts = std::isfinite(numbers[i]);
    if (lifts) {
      lifted_.json.append("{\"$lifted\":").append(std::to_string(lifted_.arrays.size())).push_back('}');
      lifted_.arrays.emplace_back(numbers.begin(), numbers.end());
      lifted_.spans.emplace_back(start, scanner_.position());
    } else {
      scanner_.rewind(start);
    }
    scratch_ = std::move(numbers);
    return lifts;
  }

  void copy_array() {
    lifted_.json.push_back('[');
    bool first = true;
    scanner_.array([&] {
      if (!first) lifted_.json.push_back(',');
      first = false;
      copy();
    });
    lifted_.json.push_back(']');
  }

  void copy_object() {
    std::string& out = lifted_.json;
    const std::size_t first = members_.begin();
    out.push_back('{');
    scanner_.object([&](std::string_view key) {
      if (members_.begin() != first) out.push_back(',');
      if (key == kMark) mark_seen_ = true;
      const std::size_t offset = out.size();
      append_quoted(out, key);
      members_.add(key, false, offset);
      out.push_back(':');
      copy();
    });
    members_.end(first, out);
    out.push_back('}');
  }

  JsonScanner scanner_;
  ObjectMembers members_;
  LiftedJson lifted_;
  std::vector<float> scratch_;
  bool mark_seen_ = false;
};

}  // namespace

LiftedJson lift_json(std::string_view body) { return Lifter(body).run(body); }

}  // namespace vdb
