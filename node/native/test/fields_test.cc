#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "fields/exact_number.h"
#include "fields/field_index.h"
#include "fields/field_indexes.h"
#include "fields/slot_set.h"
#include "fields/value_check.h"

using namespace vdb;

namespace {

constexpr std::int64_t kI64Min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kI64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kU64Max = std::numeric_limits<std::uint64_t>::max();

std::set<std::uint32_t> members(const SlotSet& set) {
  std::set<std::uint32_t> found;
  set.for_each([&](std::uint32_t slot) { found.insert(slot); });
  return found;
}

std::vector<std::uint32_t> matching(const FieldIndexes& indexes, std::string_view path, const FieldCondition& condition) {
  const FieldIndex* index = indexes.find(path);
  REQUIRE(index != nullptr);
  REQUIRE(index->answers(condition));
  std::vector<std::uint64_t> words(2, 0);
  index->matches(condition, words);
  std::vector<std::uint32_t> slots;
  for (std::uint32_t slot = 0; slot < 100; slot++) {
    if ((words[slot / 64] >> (slot % 64) & 1) != 0) slots.push_back(slot);
  }
  return slots;
}

using Slots = std::vector<std::uint32_t>;

NumberRange at_least(Number bound) {
  NumberRange range;
  range.set = NumberRange::kGte;
  range.gte = bound;
  return range;
}

NumberRange between(Number low, Number high) {
  NumberRange range;
  range.set = NumberRange::kGt | NumberRange::kLt;
  range.gt = low;
  range.lt = high;
  return range;
}

FieldIndexes reloaded(const FieldIndexes& indexes) {
  ByteWriter out;
  indexes.save(out);
  ByteReader in(out.view());
  FieldIndexes loaded;
  loaded.load(in, 100);
  CHECK(in.at_end());
  return loaded;
}

}  // namespace

TEST_CASE("a slot set holds what a set holds, small, sparse and dense") {
  std::mt19937_64 random(11);
  for (const std::uint32_t range : {8u, 300u, 70'000u, 3'000'000u}) {
    for (const std::uint32_t steps : {20u, 30'000u}) {
      SlotSet set;
      std::set<std::uint32_t> model;
      for (std::uint32_t step = 0; step < steps; step++) {
        const auto slot = static_cast<std::uint32_t>(random() % range);
        // Mostly adding in the first half, mostly removing in the second.
        if ((random() % 4 == 0) == (step < steps / 2)) {
          CHECK(set.remove(slot) == (model.erase(slot) == 1));
        } else {
          CHECK(set.add(slot) == model.insert(slot).second);
        }
        if (step % 1'000 == 999 || step < 40) {
          CHECK(set.size() == model.size());
          CHECK(set.contains(slot) == model.contains(slot));
        }
        if (step == steps / 2 || step + 1 == steps) {
          CHECK(members(set) == model);
          ByteWriter out;
          set.save(out);
          ByteReader in(out.view());
          CHECK(members(SlotSet::load(in, range)) == model);
        }
      }
      std::vector<std::uint64_t> words((range + 63) / 64, 0);
      set.or_into(words);
      for (const std::uint32_t slot : model) CHECK((words[slot / 64] >> (slot % 64) & 1) == 1);
      std::size_t bits = 0;
      for (const std::uint64_t word : words) bits += static_cast<unsigned>(__builtin_popcountll(word));
      CHECK(bits == model.size());
      set.remove_all(words);
      CHECK(set.empty());
    }
  }
}

TEST_CASE("words shorter than a set are filled to their end") {
  SlotSet set;
  for (std::uint32_t slot = 0; slot < 200'000; slot++) set.add(slot);
  std::vector<std::uint64_t> words(1'030, 0);
  set.or_into(words);
  for (const std::uint64_t word : words) CHECK(word == ~std::uint64_t{0});
}

TEST_CASE("a consecutive set takes some bits per member") {
  SlotSet set;
  for (std::uint32_t slot = 0; slot < 1'000'000; slot++) set.add(slot);
  CHECK(set.heap_bytes() < 140'000);
}

TEST_CASE("numbers of three types have one exact order") {
  const double two53 = 9007199254740992.0;
  // Strictly ascending; each step is lost when integers are rounded to doubles.
  const std::vector<std::vector<Number>> ascending = {
      {-1e300},
      {std::nextafter(-9223372036854775808.0, -INFINITY)},
      {kI64Min, -9223372036854775808.0},
      {kI64Min + 1},
      {std::int64_t{-9007199254740993}},
      {-two53, std::int64_t{-9007199254740992}},
      {-1.5},
      {std::int64_t{-1}, -1.0},
      {-0.5},
      {std::int64_t{0}, 0.0, -0.0},
      {0.5},
      {std::int64_t{1}, 1.0},
      {two53, std::int64_t{9007199254740992}},
      {std::int64_t{9007199254740993}},
      {kI64Max},
      {9223372036854775808.0, std::uint64_t{9223372036854775808u}},
      {std::uint64_t{9223372036854775809u}},
      {kU64Max},
      {18446744073709551616.0},
      {1e300},
  };
  for (std::size_t i = 0; i < ascending.size(); i++) {
    for (std::size_t j = 0; j < ascending.size(); j++) {
      for (const Number& a : ascending[i]) {
        for (const Number& b : ascending[j]) CHECK(compare_numbers(a, b) == i <=> j);
      }
    }
  }
}

TEST_CASE("an integer index keeps integers exactly and tells 1 from 1.0") {
  FieldIndexes indexes;
  CHECK(indexes.create("n", FieldType::kInteger, "{}"));
  CHECK_FALSE(indexes.create("n", FieldType::kInteger, "{}"));
  indexes.add(0, R"({"n":9007199254740993})");
  indexes.add(1, R"({"n":9007199254740992})");
  indexes.add(2, R"({"n":-9223372036854775808})");
  indexes.add(3, R"({"n":18446744073709551615})");
  indexes.add(4, R"({"n":1})");
  indexes.add(5, R"({"n":1.0})");
  indexes.add(6, R"({"n":"1"})");
  indexes.add(7, R"({"n":[1,2,null,"x"]})");
  indexes.add(8, R"({"n":null})");
  for (const FieldIndexes& some : {reloaded(indexes)}) {
    CHECK(some.list().front().points == 5);
    CHECK(matching(some, "n", IntegerMatch{{{std::int64_t{9007199254740993}}}, false}) == Slots{0});
    CHECK(matching(some, "n", IntegerMatch{{{std::int64_t{1}}}, false}) == Slots{4, 7});
    CHECK(matching(some, "n", IntegerMatch{{{kU64Max}}, false}) == Slots{3});
    CHECK(matching(some, "n", IntegerMatch{{{std::int64_t{1}}, {std::int64_t{2}}}, true}) == Slots{0, 1, 2, 3, 5, 6, 7});
    CHECK(matching(some, "n", IntegerMatch{{{kU64Max}}, true}) == Slots{0, 1, 2, 4, 5, 6, 7});
    CHECK(matching(some, "n", at_least(std::int64_t{9007199254740993})) == Slots{0, 3});
    CHECK(matching(some, "n", between(9007199254740992.0, 9007199254740994.0)) == Slots{0});
    CHECK(matching(some, "n", between(0.5, std::int64_t{2})) == Slots{4, 5, 7});
    CHECK(matching(some, "n", between(2.0, 1.0)).empty());
    CHECK(matching(some, "n", IsNull{}) == Slots{8});
  }
  indexes.remove(7, R"({"n":[1,2,null,"x"]})");
  CHECK(matching(indexes, "n", IntegerMatch{{{std::int64_t{1}}}, false}) == Slots{4});
  const std::vector<std::uint64_t> gone{0b11111};
  indexes.remove_all(gone);
  CHECK(matching(indexes, "n", IntegerMatch{{}, true}) == Slots{5, 6});
  CHECK(indexes.list().front().points == 0);
}

TEST_CASE("a float index takes integers, also those that no double holds") {
  FieldIndexes indexes;
  indexes.create("f", FieldType::kFloat, "");
  indexes.add(0, R"({"f":1.5})");
  indexes.add(1, R"({"f":2})");
  indexes.add(2, R"({"f":9007199254740993})");
  indexes.add(3, R"({"f":[-1e10,3]})");
  const FieldIndexes loaded = reloaded(indexes);
  CHECK(matching(loaded, "f", between(1.0, 3.5)) == Slots{0, 1, 3});
  CHECK(matching(loaded, "f", between(9007199254740992.0, 9007199254740994.0)) == Slots{2});
  CHECK(loaded.list().front().points == 4);
  CHECK_FALSE(loaded.find("f")->answers(IntegerMatch{}));
}

TEST_CASE("a UUID index takes spellings of one UUID for equal") {
  FieldIndexes indexes;
  indexes.create("u", FieldType::kUuid, "");
  indexes.add(0, R"({"u":"550e8400-e29b-41d4-a716-446655440000"})");
  indexes.add(1, R"({"u":"550E8400E29B41D4A716446655440000"})");
  indexes.add(2, R"({"u":"no uuid"})");
  indexes.add(3, R"({"u":["6ba7b810-9dad-11d1-80b4-00c04fd430c8","urn:uuid:550e8400-e29b-41d4-a716-446655440000"]})");
  const std::string wanted = "{550e8400-e29b-41d4-a716-446655440000}";
  const FieldIndexes loaded = reloaded(indexes);
  CHECK(matching(loaded, "u", KeywordMatch{{wanted}, false}) == Slots{0, 1, 3});
  CHECK(matching(loaded, "u", KeywordMatch{{wanted}, true}) == Slots{2, 3});
  CHECK_FALSE(loaded.find("u")->answers(KeywordMatch{{"no uuid"}, false}));
  CHECK(loaded.uuid_paths() == std::vector<std::string>{"u"});
}

TEST_CASE("keywords, booleans and what is empty") {
  FieldIndexes indexes;
  indexes.create("a.\"b\"", FieldType::kKeyword, "");
  indexes.create("t", FieldType::kBool, "");
  indexes.add(0, R"({"a":{"b":"x\u00e9"},"t":true})");
  indexes.add(1, R"({"a":{"b":["y","xé"]},"t":[true,false]})");
  indexes.add(2, R"({"a":{"b":[]},"t":"true"})");
  indexes.add(3, R"({"a":[{"b":"y"}]})");
  indexes.add(4, "");
  const FieldIndexes loaded = reloaded(indexes);
  CHECK(matching(loaded, "a.b", KeywordMatch{{"xé"}, false}) == Slots{0, 1});
  CHECK(matching(loaded, "a.b", KeywordMatch{{"xé"}, true}) == Slots{1});
  CHECK(matching(loaded, "t", BoolMatch{true}) == Slots{0, 1});
  CHECK(matching(loaded, "t", BoolMatch{false}) == Slots{1});
  const Slots empty = matching(loaded, "a.b", IsEmpty{});
  CHECK(std::vector(empty.begin(), empty.begin() + 4) == Slots{2, 3, 4, 5});
  CHECK(loaded.find("a.b")->cardinality(IsEmpty{}, 5).expected == 3);
  CHECK(indexes.drop("a.b"));
  CHECK_FALSE(indexes.drop("a.b"));
  CHECK_FALSE(indexes.drop("not a path"));
  CHECK_THROWS_AS(indexes.create("a..b", FieldType::kBool, ""), BadRequest);
}

TEST_CASE("a field can change the type of its index") {
  FieldIndexes indexes;
  CHECK(indexes.create("k", FieldType::kKeyword, ""));
  CHECK(indexes.create("k", FieldType::kInteger, ""));
  CHECK(indexes.list().size() == 1);
  indexes.add_to("k", 3, R"({"k":4})");
  CHECK(matching(indexes, "k", at_least(std::int64_t{4})) == Slots{3});
  CHECK(indexes.memory_bytes() > 0);
}

TEST_CASE("damaged bytes of indexes are refused or load as something valid") {
  FieldIndexes indexes;
  indexes.create("k", FieldType::kKeyword, "{\"type\":\"keyword\"}");
  indexes.create("n", FieldType::kInteger, "");
  indexes.create("f", FieldType::kFloat, "");
  indexes.create("b", FieldType::kBool, "");
  indexes.create("u", FieldType::kUuid, "");
  for (std::uint32_t slot = 0; slot < 100; slot++) {
    indexes.add(slot, R"({"k":["p","q)" + std::to_string(slot % 7) + R"("],"n":[)" + std::to_string(slot) +
                          R"(,1.5,18446744073709551615],"f":0.25,"b":true,"u":"550e8400-e29b-41d4-a716-4466554400)" +
                          std::to_string(slot % 90 + 10) + "\"}");
  }
  ByteWriter out;
  indexes.save(out);
  const std::vector<std::uint8_t> good = out.take();
  std::mt19937_64 random(5);
  std::size_t refused = 0;
  for (int round = 0; round < 3'000; round++) {
    std::vector<std::uint8_t> bad = good;
    for (std::size_t i = 0; i <= random() % 3; i++) bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    ByteReader in(bad);
    FieldIndexes loaded;
    try {
      loaded.load(in, 100);
    } catch (const FormatError&) {
      refused++;
    }
    std::vector<std::uint64_t> words(2, 0);
    if (const FieldIndex* index = loaded.find("n")) index->matches(at_least(std::int64_t{3}), words);
  }
  CHECK(refused > 1'000);
}
