#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "ids/id_index.h"

using namespace vdb;

namespace {

PointId random_id(std::mt19937_64& random, std::uint64_t range) {
  const std::uint64_t number = random() % range;
  if (random() % 3 != 0) return PointId::of_number(random() % 5 == 0 ? ~number : number);
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; i++) bytes[(i * 5) % 16] = static_cast<std::uint8_t>(number >> (8 * i));
  return PointId::of_uuid(bytes);
}

using Model = std::map<PointId, std::uint32_t>;

void check_order(const IdIndex& index, const Model& model, const PointId& from) {
  auto expected = model.lower_bound(from);
  std::size_t left = 50;
  bool same = true;
  index.visit_from(from, [&](const PointId& id, std::uint32_t slot) {
    same = same && expected != model.end() && expected->first == id && expected->second == slot;
    if (!same) return false;
    ++expected;
    return --left > 0;
  });
  CHECK(same);
  CHECK((left == 0 || expected == model.end()));
}

IdIndex reloaded(const IdIndex& index, std::uint32_t slot_count) {
  ByteWriter out;
  index.save(out);
  ByteReader in(out.view());
  IdIndex loaded;
  loaded.load(in, slot_count);
  CHECK(in.at_end());
  return loaded;
}

void check_same(const IdIndex& index, const Model& model) {
  REQUIRE(index.size() == model.size());
  auto expected = model.begin();
  bool same = true;
  index.visit_all([&](const PointId& id, std::uint32_t slot) {
    same = same && id == expected->first && slot == expected->second;
    ++expected;
    return true;
  });
  CHECK(same);
}

}  // namespace

TEST_CASE("integers come before UUIDs, each in order") {
  IdIndex index;
  const PointId low = PointId::of_uuid({0});
  const PointId high = PointId::of_uuid({0xff});
  CHECK(index.insert(high, 1));
  CHECK(index.insert(PointId::of_number(~std::uint64_t{0}), 2));
  CHECK(index.insert(low, 3));
  CHECK(index.insert(PointId::of_number((std::uint64_t{1} << 53) + 1), 4));
  CHECK_FALSE(index.insert(low, 5));
  std::vector<std::uint32_t> slots;
  index.visit_all([&](const PointId&, std::uint32_t slot) {
    slots.push_back(slot);
    return true;
  });
  CHECK(slots == std::vector<std::uint32_t>{4, 2, 3, 1});
  CHECK(index.find(low) == 3u);
  CHECK(index.erase(low) == 3u);
  CHECK_FALSE(index.find(low).has_value());
  CHECK_FALSE(index.erase(low).has_value());
}

TEST_CASE("random inserts and erases leave what a map would have") {
  std::mt19937_64 random(7);
  for (const std::uint64_t range : {40u, 3'000u, 1'000'000u}) {
    IdIndex index;
    Model model;
    for (std::uint32_t step = 0; step < 30'000; step++) {
      const PointId id = random_id(random, range);
      // Growing first, shrinking at the end, so that chunks split and join.
      if (random() % 30'000 > step) {
        CHECK(index.insert(id, step) == model.emplace(id, step).second);
      } else {
        const auto at = model.find(id);
        const auto erased = index.erase(id);
        CHECK(erased.has_value() == (at != model.end()));
        if (at != model.end()) {
          CHECK(erased == at->second);
          model.erase(at);
        }
      }
      if (step % 500 == 0) {
        check_order(index, model, random_id(random, range));
        CHECK(index.find(id).has_value() == model.contains(id));
      }
    }
    check_same(index, model);
    check_same(reloaded(index, 30'000), model);
    while (!model.empty()) {
      CHECK(index.erase(model.begin()->first) == model.begin()->second);
      model.erase(model.begin());
    }
    CHECK(index.size() == 0);
  }
}

TEST_CASE("ascending ids take little more than their own bytes") {
  IdIndex index;
  for (std::uint32_t i = 0; i < 200'000; i++) index.insert(PointId::of_number(i * 3), i);
  CHECK(index.memory_bytes() < 200'000 * 13);
  CHECK(index.find(PointId::of_number(299'997)) == 99'999u);
}

TEST_CASE("damaged bytes are refused") {
  IdIndex index;
  for (std::uint32_t i = 0; i < 100; i++) {
    index.insert(PointId::of_number(i * i), i);
    index.insert(PointId::of_uuid({static_cast<std::uint8_t>(i)}), 100 + i);
  }
  ByteWriter out;
  index.save(out);
  const std::vector<std::uint8_t> good = out.take();
  CHECK_NOTHROW([&] {
    ByteReader in(good);
    IdIndex().load(in, 200);
  }());
  CHECK_THROWS_AS([&] {
    ByteReader in(good);
    IdIndex().load(in, 199);
  }(), FormatError);
  for (std::size_t length = 0; length < good.size(); length += 7) {
    ByteReader in(std::span<const std::uint8_t>(good).first(length));
    CHECK_THROWS_AS(IdIndex().load(in, 200), FormatError);
  }
  std::mt19937_64 random(3);
  for (int round = 0; round < 2'000; round++) {
    std::vector<std::uint8_t> bad = good;
    for (std::size_t i = 0; i <= random() % 4; i++) bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    ByteReader in(bad);
    IdIndex loaded;
    try {
      loaded.load(in, 200);
    } catch (const FormatError&) {
      CHECK(loaded.size() == 0);
    }
  }
}
