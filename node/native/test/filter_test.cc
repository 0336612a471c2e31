#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

#include "filter/filter_evaluation.h"
#include "filter/payload_check.h"
#include "test/filter_model.h"
#include "test/naive_filter.h"
#include "test/random_filter.h"

using namespace vdb;
using namespace vdb::model;

namespace {

/** A shard of payloads in memory. */
class World final : public FilterContext {
 public:
  explicit World(std::uint32_t slots) : values(slots), payload_texts(slots), live_words((slots + 63) / 64, 0), vectors(slots, false) {}

  std::span<const std::uint64_t> live() const override { return live_words; }
  const IdIndex& ids() const override { return id_index; }
  const FieldIndexes& fields() const override { return indexes; }
  void slots_with_vector(std::string_view name, std::span<std::uint64_t> words) const override {
    for (std::uint32_t slot = 0; slot < slot_count(); slot++) {
      if (name == "v" && vectors[slot]) words[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
  }
  void payloads(std::span<const std::uint32_t> slots,
                const std::function<void(std::size_t, std::string_view)>& visit) const override {
    CHECK(slots.size() <= 256);
    reads += slots.size();
    for (std::size_t i = slots.size(); i-- > 0;) visit(i, payload_texts[slots[i]]);
  }

  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(payload_texts.size()); }
  static PointId id(std::uint32_t slot) { return PointId::of_number(slot * 10); }
  bool is_live(std::uint32_t slot) const { return (live_words[slot / 64] >> (slot % 64) & 1) != 0; }

  void put(std::uint32_t slot, Value value, std::mt19937_64& random) {
    payload_texts[slot] = value.members.empty() ? std::string() : to_json(value, random);
    values[slot] = std::move(value);
    indexes.add(slot, payload_texts[slot]);
    if (is_live(slot)) return;
    live_words[slot / 64] |= std::uint64_t{1} << (slot % 64);
    id_index.insert(id(slot), slot);
  }

  void drop(std::uint32_t slot) {
    indexes.remove(slot, payload_texts[slot]);
    live_words[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    id_index.erase(id(slot));
  }

  void create_index(const std::string& path, FieldType type) {
    indexes.create(path, type, "");
    for (std::uint32_t slot = 0; slot < slot_count(); slot++) {
      if (is_live(slot)) indexes.add_to(path, slot, payload_texts[slot]);
    }
  }

  std::vector<Value> values;
  std::vector<std::string> payload_texts;
  std::vector<std::uint64_t> live_words;
  std::vector<bool> vectors;
  IdIndex id_index;
  FieldIndexes indexes;
  mutable std::size_t reads = 0;
};

World random_world(std::uint32_t slots, std::mt19937_64& random) {
  World world(slots);
  for (std::uint32_t slot = 0; slot < slots; slot++) {
    world.vectors[slot] = random() % 2 == 0;
    if (random() % 10 != 0) world.put(slot, random_payload(random), random);
  }
  return world;
}

void create_random_indexes(World& world, std::mt19937_64& random) {
  for (const char* path : {"k", "n", "f", "b", "u", "o.x", "l[].x", "n[]", "m[1]"}) {
    if (random() % 3 == 0) continue;
    world.create_index(path, static_cast<FieldType>(random() % 5 + 1));
  }
}

std::set<std::string> uuid_paths(const World& world) {
  const auto paths = world.indexes.uuid_paths();
  return {paths.begin(), paths.end()};
}

void check_filter(const World& world, const Node& filter) {
  const std::vector<std::uint8_t> bytes = compile(filter);
  const FilterProgram program = FilterProgram::decode(bytes);
  const auto words = bitmap(program, world);
  const FilterBounds known = bounds(program, world);
  const Estimate estimated = estimate(program, world);
  const std::set<std::string> uuids = uuid_paths(world);
  const SlotFacts facts = SlotFacts::gather(program.root(), world);
  REQUIRE(words.size() == world.live_words.size());
  std::uint64_t matched = 0;
  for (std::uint32_t slot = 0; slot < world.slot_count(); slot++) {
    const bool expected = naive(filter, {world.values[slot], world.id(slot), world.vectors[slot], false, "", uuids});
    const bool found = (words[slot / 64] >> (slot % 64) & 1) != 0;
    INFO("payload " << world.payload_texts[slot] << " filter " << describe(filter));
    CHECK(found == (expected && world.is_live(slot)));
    // Ids are looked up among the live points.
    const bool by_payload =
        PayloadCheck(facts, slot, [&]() -> std::string_view { return world.payload_texts[slot]; }).matches(program.root());
    if (world.is_live(slot)) CHECK(by_payload == expected);
    if (found) matched++;
    const bool certain = (known.certain[slot / 64] >> (slot % 64) & 1) != 0;
    CHECK((!certain || found));
    if (!known.exact) CHECK((!found || (known.possible[slot / 64] >> (slot % 64) & 1) != 0));
  }
  INFO("filter " << describe(filter));
  CHECK(count_bits(words) == matched);
  CHECK(estimated.min <= matched);
  CHECK(matched <= estimated.max);
  CHECK(estimated.min <= estimated.expected);
  CHECK(estimated.expected <= estimated.max);
  if (estimated.indexed) CHECK(known.exact);
}

Node leaf(std::string path, FieldCondition condition) {
  Node node{Node::Kind::kLeaf};
  node.path = std::move(path);
  node.condition = std::move(condition);
  return node;
}

std::vector<std::uint32_t> found_in(const World& world, const Node& filter) {
  const FilterProgram program = FilterProgram::decode(compile(filter));
  const auto words = bitmap(program, world);
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < world.slot_count(); slot++) {
    if ((words[slot / 64] >> (slot % 64) & 1) != 0) slots.push_back(slot);
  }
  return slots;
}

using Slots = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("random filters over random payloads: indexes, payloads and a naive reading agree") {
  std::mt19937_64 random(2024);
  for (int round = 0; round < 30; round++) {
    World world = random_world(static_cast<std::uint32_t>(random() % 150 + 1), random);
    create_random_indexes(world, random);
    for (int i = 0; i < 25; i++) check_filter(world, random_filter(random, 3));
    for (int i = 0; i < 60; i++) {
      const auto slot = static_cast<std::uint32_t>(random() % world.slot_count());
      if (world.is_live(slot)) world.drop(slot);
      if (random() % 3 != 0) world.put(slot, random_payload(random), random);
    }
    ByteWriter out;
    world.indexes.save(out);
    ByteReader in(out.view());
    world.indexes.load(in, world.slot_count());
    for (int i = 0; i < 10; i++) check_filter(world, random_filter(random, 3));
    // As recovery does: out without their values, and in again.
    std::vector<std::uint64_t> some(world.live_words.size());
    for (std::size_t w = 0; w < some.size(); w++) some[w] = random() & world.live_words[w];
    world.indexes.remove_all(some);
    for (std::uint32_t slot = 0; slot < world.slot_count(); slot++) {
      if ((some[slot / 64] >> (slot % 64) & 1) != 0) world.indexes.add(slot, world.payload_texts[slot]);
    }
    for (int i = 0; i < 10; i++) check_filter(world, random_filter(random, 3));
  }
}

TEST_CASE("conditions mean what they mean in the original") {
  std::mt19937_64 random(1);
  const std::vector<std::string> payloads = {
      R"({"a":"red"})",          R"({"a":["red","blue"]})", R"({"a":null})",        R"({"a":[]})",       "",
      R"({"a":[null]})",         R"({"a":[["red"]]})",      R"({"a":{"x":1}})",     R"({"a":1})",        R"({"a":1.0})",
      R"({"l":[{"x":1,"y":2}]})", R"({"l":[{"x":1},{"y":2}]})", R"({"l":{"x":1,"y":2}})",
  };
  for (const bool with_index : {false, true}) {
    World world(static_cast<std::uint32_t>(payloads.size()));
    for (std::uint32_t slot = 0; slot < payloads.size(); slot++) {
      world.put(slot, {}, random);
      world.payload_texts[slot] = payloads[slot];
    }
    if (with_index) world.create_index("a", FieldType::kKeyword);
    CHECK(found_in(world, leaf("a", KeywordMatch{{"red"}, false})) == Slots{0, 1});
    CHECK(found_in(world, leaf("a[]", KeywordMatch{{"red"}, false})) == Slots{1, 6});
    CHECK(found_in(world, leaf("a", KeywordMatch{{"red"}, true})) == Slots{1, 6, 7, 8, 9});
    CHECK(found_in(world, leaf("a", IntegerMatch{{{std::int64_t{1}}}, false})) == Slots{8});
    CHECK(found_in(world, leaf("a", IsEmpty{})) == Slots{2, 3, 4, 10, 11, 12});
    CHECK(found_in(world, leaf("a", IsNull{})) == Slots{2});
    CHECK(found_in(world, leaf("a[]", IsNull{})) == Slots{5});
    NumberRange none;
    none.set = NumberRange::kLt;
    none.lt = std::int64_t{1};
    CHECK(found_in(world, leaf("a", ValuesCount{none})) == Slots{2, 3});
    NumberRange two;
    two.set = NumberRange::kGte;
    two.gte = std::int64_t{2};
    CHECK(found_in(world, leaf("a", ValuesCount{two})) == Slots{1});
    Node both{Node::Kind::kAllOf};
    for (const auto& [key, value] : {std::pair("x", 1), std::pair("y", 2)}) {
      both.nodes.push_back(leaf(key, IntegerMatch{{{std::int64_t{value}}}, false}));
    }
    Node nested{Node::Kind::kNested};
    nested.path = "l";
    nested.nodes.push_back(both);
    CHECK(found_in(world, nested) == Slots{10});
    for (Node& inner : both.nodes) inner.path = "l[]." + inner.path;
    CHECK(found_in(world, both) == Slots{10, 11});
  }
}

TEST_CASE("several conditions on one point share one read, and none is made without need") {
  std::mt19937_64 random(1);
  World world(300);
  for (std::uint32_t slot = 0; slot < 300; slot++) {
    Value value{Value::Kind::kObject};
    value.members.emplace_back("k", Value::of_text(slot < 10 ? "rare" : "often"));
    value.members.emplace_back("n", Value::of_number(std::int64_t{slot}, std::to_string(slot)));
    world.put(slot, std::move(value), random);
  }
  world.create_index("k", FieldType::kKeyword);
  Node all{Node::Kind::kAllOf};
  all.nodes.push_back(leaf("k", KeywordMatch{{"rare"}, false}));
  CHECK(found_in(world, all).size() == 10);
  CHECK(world.reads == 0);
  all.nodes.push_back(leaf("n", IntegerMatch{{{std::int64_t{3}}, {std::int64_t{100}}}, false}));
  all.nodes.push_back(leaf("n", IsNull{}));
  all.nodes.back() = Node{Node::Kind::kNot, {}, {}, {leaf("n", IsNull{})}};
  CHECK(found_in(world, all) == Slots{3});
  CHECK(world.reads == 10);
  const FilterProgram program = FilterProgram::decode(compile(all));
  std::size_t asked = 0;
  const SlotFacts facts = SlotFacts::gather(program.root(), world);
  const auto payload = [&]() -> std::string_view {
    asked++;
    return world.payload_texts[3];
  };
  CHECK(PayloadCheck(facts, 3, payload).matches(program.root()));
  CHECK(asked == 1);
  const Node everything{Node::Kind::kEverything};
  CHECK(PayloadCheck(facts, 3, payload).matches(FilterProgram::decode(compile(everything)).root()));
  CHECK(asked == 1);
  const Estimate estimated = estimate(program, world);
  CHECK(estimated.max == 10);
  CHECK_FALSE(estimated.indexed);
}

TEST_CASE("what is open can be settled in parts, after ids and vectors have changed") {
  std::mt19937_64 random(4);
  World world = random_world(150, random);
  Node filter{Node::Kind::kAllOf};
  Node ids{Node::Kind::kHasId};
  for (std::uint32_t slot = 0; slot < 100; slot++) ids.ids.push_back(World::id(slot));
  Node vector{Node::Kind::kHasVector};
  vector.path = "v";
  filter.nodes = {ids, vector, leaf("k", IsNull{})};
  const FilterProgram program = FilterProgram::decode(compile(filter));
  const auto expected = bitmap(program, world);
  const FilterBounds whole = bounds(program, world);
  REQUIRE_FALSE(whole.exact);
  world.id_index = IdIndex();
  world.vectors.assign(150, false);
  std::vector<std::uint64_t> found(expected.size(), 0);
  for (std::size_t w = 0; w < expected.size(); w++) {
    FilterBounds part{std::vector<std::uint64_t>(expected.size(), 0), std::vector<std::uint64_t>(expected.size(), 0), false, whole.facts};
    part.possible[w] = whole.possible[w];
    const auto settled = settle(program, std::move(part), world);
    for (std::size_t i = 0; i < settled.size(); i++) found[i] |= settled[i];
  }
  CHECK(found == expected);
}

TEST_CASE("an index on the elements' field narrows a nested filter") {
  std::mt19937_64 random(1);
  World world(200);
  for (std::uint32_t slot = 0; slot < 200; slot++) {
    world.put(slot, {}, random);
    world.payload_texts[slot] = R"({"l":[{"x":)" + std::to_string(slot) + R"(,"y":1},{"x":-1,"y":0}]})";
  }
  world.create_index("l[].x", FieldType::kInteger);
  Node nested{Node::Kind::kNested};
  nested.path = "l[]";
  Node both{Node::Kind::kAllOf};
  both.nodes.push_back(leaf("x", IntegerMatch{{{std::int64_t{7}}, {std::int64_t{9}}}, false}));
  both.nodes.push_back(leaf("y", IntegerMatch{{{std::int64_t{1}}}, false}));
  nested.nodes.push_back(both);
  CHECK(found_in(world, nested) == Slots{7, 9});
  CHECK(world.reads == 2);
  CHECK(estimate(FilterProgram::decode(compile(nested)), world).max == 2);
}

TEST_CASE("an index on the elements' field does not hide elements that have no value") {
  std::mt19937_64 random(1);
  World world(3);
  const std::vector<std::string> payloads = {R"({"l":[{"x":1},{"y":1}]})", R"({"l":[{"x":1}]})", R"({"l":[]})"};
  for (std::uint32_t slot = 0; slot < 3; slot++) {
    world.put(slot, {}, random);
    world.payload_texts[slot] = payloads[slot];
  }
  world.create_index("l[].x", FieldType::kInteger);
  Node nested{Node::Kind::kNested};
  nested.path = "l";
  nested.nodes.push_back(leaf("x", IsEmpty{}));
  CHECK(found_in(world, nested) == Slots{0});
}

TEST_CASE("a UUID index on the elements' field makes spellings equal within them, too") {
  std::mt19937_64 random(1);
  World world(2);
  const std::vector<std::string> payloads = {R"({"l":[{"x":"550E8400E29B41D4A716446655440000","y":1}]})",
                                             R"({"l":[{"x":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","y":1}]})"};
  for (std::uint32_t slot = 0; slot < 2; slot++) {
    world.put(slot, {}, random);
    world.payload_texts[slot] = payloads[slot];
  }
  Node nested{Node::Kind::kNested};
  nested.path = "l[]";
  nested.nodes.push_back(leaf("x", KeywordMatch{{"550e8400-e29b-41d4-a716-446655440000"}, false}));
  CHECK(found_in(world, nested).empty());
  world.create_index("l[].x", FieldType::kUuid);
  CHECK(found_in(world, nested) == Slots{0});
  // A text that is no UUID keeps the index from answering, not from deciding how texts compare.
  nested.nodes.front() = leaf("x", KeywordMatch{{"550e8400-e29b-41d4-a716-446655440000", "no uuid"}, false});
  CHECK(found_in(world, nested) == Slots{0});
}

TEST_CASE("limits of depth and number are kept") {
  const auto chain = [](std::size_t depth) {
    std::vector<std::uint8_t> bytes(depth - 1, 0x03);
    bytes.push_back(0x05);
    return bytes;
  };
  CHECK_NOTHROW(FilterProgram::decode(chain(64)));
  CHECK_THROWS_AS(FilterProgram::decode(chain(65)), BadRequest);
  CHECK_THROWS_AS(FilterProgram::decode(chain(1'000'000)), BadRequest);
  const auto wide = [](std::uint32_t nodes) {
    ByteWriter out;
    out.u8(0x02);
    out.u32(nodes);
    for (std::uint32_t i = 0; i < nodes; i++) out.u8(0x05);
    return out.take();
  };
  CHECK_NOTHROW(FilterProgram::decode(wide(65'535)));
  CHECK_THROWS_AS(FilterProgram::decode(wide(65'536)), BadRequest);
  CHECK_THROWS_AS(FilterProgram::decode(std::vector<std::uint8_t>{}), BadRequest);
  CHECK_THROWS_AS(FilterProgram::decode(std::vector<std::uint8_t>{0x05, 0x05}), BadRequest);
  CHECK_THROWS_AS(FilterProgram::decode(std::vector<std::uint8_t>{0x02, 0xff, 0xff, 0xff, 0xff, 0x05}), BadRequest);
}

TEST_CASE("programs of any bytes are refused or evaluated") {
  std::mt19937_64 random(99);
  World world = random_world(70, random);
  create_random_indexes(world, random);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; round++) {
    std::vector<std::uint8_t> bytes = compile(random_filter(random, 3));
    for (std::size_t i = 0; i <= random() % 3; i++) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    if (random() % 5 == 0) bytes.resize(random() % bytes.size());
    try {
      const FilterProgram program = FilterProgram::decode(bytes);
      const Estimate estimated = estimate(program, world);
      const std::uint64_t matched = count_bits(bitmap(program, world));
      CHECK(estimated.min <= matched);
      CHECK(matched <= estimated.max);
    } catch (const BadRequest&) {
      refused++;
    }
  }
  CHECK(refused > 2'000);
  CHECK(refused < 18'000);
}
