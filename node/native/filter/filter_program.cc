#include "filter/filter_program.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "filter/filter_node.h"
#include "io/bytes.h"

namespace vdb {

namespace {

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kNodesMax = 65'536;

enum class Op : std::uint8_t {
  kAllOf = 0x01,
  kAnyOf = 0x02,
  kNot = 0x03,
  kAtLeast = 0x04,
  kEverything = 0x05,
  kKeywordIn = 0x10,
  kIntegerIn = 0x11,
  kBoolIs = 0x12,
  kKeywordNotIn = 0x13,
  kIntegerNotIn = 0x14,
  kRange = 0x18,
  kHasId = 0x20,
  kIsEmpty = 0x21,
  kIsNull = 0x22,
  kValuesCount = 0x23,
  kNested = 0x24,
  kHasVector = 0x25,
};

template <class T>
void sort_unique(std::vector<T>& values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
}

/** An unsigned integer in the form in which numbers are compared: an i64 when one can hold it. */
Number number_of(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(INT64_MAX)) return static_cast<std::int64_t>(value);
  return value;
}

class Decoder {
 public:
  explicit Decoder(std::span<const std::uint8_t> bytes) : in_(bytes) {}

  FilterNode program() {
    FilterNode root = node(1);
    in_.expect_end();
    return root;
  }

 private:
  FilterNode node(std::size_t depth) {
    if (depth > kDepthMax) throw BadRequest("filter: more than " + std::to_string(kDepthMax) + " levels deep");
    if (++nodes_ > kNodesMax) throw BadRequest("filter: more than " + std::to_string(kNodesMax) + " conditions");
    const std::uint8_t op = in_.u8();
    switch (static_cast<Op>(op)) {
      case Op::kAllOf:
        return {AllOf{nodes(depth)}};
      case Op::kAnyOf:
        return {AnyOf{nodes(depth)}};
      case Op::kNot:
        return {Not{std::make_unique<FilterNode>(node(depth + 1))}};
      case Op::kAtLeast: {
        const std::uint32_t minimum = in_.u32();
        return {AtLeast{minimum, nodes(depth)}};
      }
      case Op::kEverything:
        return {Everything{}};
      case Op::kHasId:
        return has_id();
      case Op::kNested:
        return nested(depth);
      case Op::kHasVector:
        return {HasVector{std::string(in_.string())}};
      case Op::kKeywordIn:
      case Op::kKeywordNotIn:
      case Op::kIntegerIn:
      case Op::kIntegerNotIn:
      case Op::kBoolIs:
      case Op::kRange:
      case Op::kIsEmpty:
      case Op::kIsNull:
      case Op::kValuesCount: {
        JsonPath path = JsonPath::require(in_.string());
        std::string canonical = path.to_string();
        return {AtPath{std::move(path), std::move(canonical), condition(static_cast<Op>(op))}};
      }
    }
    throw BadRequest("filter: unknown operation " + std::to_string(op));
  }

  FilterNodes nodes(std::size_t depth) {
    FilterNodes nodes;
    for (std::uint32_t left = in_.count(1); left > 0; left--) nodes.push_back(node(depth + 1));
    return nodes;
  }

  FieldCondition condition(Op op) {
    switch (op) {
      case Op::kKeywordIn:
      case Op::kKeywordNotIn:
        return KeywordMatch{keywords(), op == Op::kKeywordNotIn};
      case Op::kIntegerIn:
      case Op::kIntegerNotIn:
        return IntegerMatch{integers(), op == Op::kIntegerNotIn};
      case Op::kBoolIs:
        return BoolMatch{in_.u8() != 0};
      case Op::kRange:
        return range([this] { return range_bound(); });
      case Op::kIsEmpty:
        return IsEmpty{};
      case Op::kIsNull:
        return IsNull{};
      default:
        return ValuesCount{range([this] { return number_of(in_.u64()); })};
    }
  }

  std::vector<std::string> keywords() {
    std::vector<std::string> values;
    for (std::uint32_t left = in_.count(4); left > 0; left--) values.emplace_back(in_.text());
    sort_unique(values);
    return values;
  }

  std::vector<ExactNumber> integers() {
    std::vector<ExactNumber> values;
    for (std::uint32_t left = in_.count(9); left > 0; left--) {
      const Number number = in_.number();
      if (std::holds_alternative<double>(number)) throw BadRequest("filter: a match of integers with a number that is none");
      const auto* large = std::get_if<std::uint64_t>(&number);
      values.push_back({large == nullptr ? number : number_of(*large)});
    }
    sort_unique(values);
    return values;
  }

  Number range_bound() {
    const Number number = in_.number();
    const auto* real = std::get_if<double>(&number);
    if (real != nullptr && std::isnan(*real)) throw BadRequest("filter: a bound of a range is not a number");
    return number;
  }

  template <class Bound>
  NumberRange range(Bound&& bound) {
    NumberRange range;
    range.set = in_.u8();
    if (range.set > 0x0f) throw BadRequest("filter: unknown bounds of a range");
    if ((range.set & NumberRange::kLt) != 0) range.lt = bound();
    if ((range.set & NumberRange::kLte) != 0) range.lte = bound();
    if ((range.set & NumberRange::kGt) != 0) range.gt = bound();
    if ((range.set & NumberRange::kGte) != 0) range.gte = bound();
    return range;
  }

  FilterNode has_id() {
    std::vector<PointId> ids = in_.ids();
    sort_unique(ids);
    return {HasId{std::move(ids)}};
  }

  /** The key of a nested filter is that of an array, whether it says `[]` or not. */
  FilterNode nested(std::size_t depth) {
    std::vector<PathStep> steps = JsonPath::require(in_.string()).steps();
    if (steps.back().kind != PathStep::Kind::kEvery) steps.push_back({PathStep::Kind::kEvery, {}, 0});
    return {Nested{JsonPath(std::move(steps)), std::make_unique<FilterNode>(node(depth + 1))}};
  }

  ByteReader in_;
  std::size_t nodes_ = 0;
};

}  // namespace

FilterProgram FilterProgram::decode(std::span<const std::uint8_t> bytes) {
  try {
    return FilterProgram(std::make_unique<const FilterNode>(Decoder(bytes).program()));
  } catch (const FormatError& error) {
    throw BadRequest(std::string("filter: ") + error.what());
  }
}

FilterProgram::FilterProgram(std::unique_ptr<const FilterNode> root) : root_(std::move(root)) {}
FilterProgram::FilterProgram(FilterProgram&&) noexcept = default;
FilterProgram& FilterProgram::operator=(FilterProgram&&) noexcept = default;
FilterProgram::~FilterProgram() = default;

}  // namespace vdb
