#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "io/file.h"
#include "store/store.h"
#include "test/temporary_directory.h"

using namespace vdb;

namespace {

std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::string value_of(const Store& store, const Key& key, const StoreSnapshot* snapshot = nullptr) {
  std::string value;
  return store.get(key, value, snapshot) ? value : "nothing";
}

void put(Store& store, const Key& key, std::string_view value) {
  StoreBatch batch;
  batch.put(key, value);
  store.write(batch);
}

}  // namespace

TEST_CASE("keys have the layout of the documentation and order by number") {
  const ShardKeys keys(0x0102030405060708ull, 0x0a0b0c0du, 1);
  const std::vector<std::uint8_t> expected{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 0, 0, 0, 1, 1, 0, 0, 1, 0};
  const Key payload = keys.payload(256);
  CHECK(std::vector<std::uint8_t>(payload.bytes().begin(), payload.bytes().end()) == expected);
  CHECK(payload.text().starts_with(keys.generation().text()));
  CHECK(keys.applied().text() < keys.payload(0).text());
  CHECK(keys.payload(255).text() < payload.text());
  CHECK(keys.sparse(1, 7).bytes().size() == Key::kBytesMax);
  CHECK(ShardKeys::slot_of(keys.sparse(1, 0xfffffffeu).text()) == 0xfffffffeu);
  CHECK(ShardKeys::slot_of(payload.text()) == 256);
  CHECK_THROWS_AS(ShardKeys::slot_of("abc"), FormatError);
}

TEST_CASE("what is written is read, also after opening again") {
  TemporaryDirectory directory;
  const ShardKeys keys(1, 0, 0);
  {
    const auto store = Store::open(directory / "a/b");
    StoreBatch batch;
    CHECK(batch.empty());
    batch.put(keys.payload(1), std::string_view("one"));
    batch.put(keys.payload(2), std::string_view("two"));
    batch.put_u64(keys.applied(), 42);
    batch.remove(keys.payload(2));
    CHECK_FALSE(batch.empty());
    CHECK(batch.size_bytes() > 0);
    store->write(batch);
    store->flush_wal(true);
    CHECK(value_of(*store, keys.payload(1)) == "one");
    CHECK(value_of(*store, keys.payload(2)) == "nothing");
    batch.clear();
    CHECK(batch.empty());
    store->close();
    store->close();
    CHECK(store->closed());
    CHECK_THROWS_AS(put(*store, keys.payload(1), "x"), Closed);
    CHECK_THROWS_AS(value_of(*store, keys.payload(1)), Closed);
  }
  const auto store = Store::open(directory / "a/b");
  CHECK(store->get_u64(keys.applied()) == 42);
  CHECK(store->get_u64(keys.payload(9)) == std::nullopt);
  CHECK_THROWS_AS(store->get_u64(keys.payload(1)), FormatError);
  CHECK(store->disk_bytes() > 0);
  CHECK(store->memory_bytes() > 0);
  CHECK_FALSE(Store::version().empty());
}

TEST_CASE("many keys are read in one call, in the order of the call") {
  TemporaryDirectory directory;
  const auto store = Store::open(directory.path());
  const ShardKeys keys(1, 0, 0);
  for (std::uint32_t slot = 0; slot < 100; slot += 2) put(*store, keys.payload(slot), std::to_string(slot));
  const std::vector<Key> wanted{keys.payload(98), keys.payload(3), keys.payload(0), keys.payload(98)};
  std::vector<std::string> got;
  store->multi_get(wanted, [&](std::size_t index, const auto& value) {
    CHECK(index == got.size());
    got.push_back(value.has_value() ? text_of(*value) : "nothing");
  });
  CHECK(got == std::vector<std::string>{"98", "nothing", "0", "98"});
}

TEST_CASE("prefixes are walked and removed without touching their neighbours") {
  TemporaryDirectory directory;
  const auto store = Store::open(directory.path());
  const ShardKeys before(1, 0, 0xffffffffu);
  const ShardKeys mine(1, 1, 0);
  const ShardKeys other_generation(1, 1, 1);
  const ShardKeys after(1, 2, 0);
  for (const ShardKeys& keys : {before, mine, other_generation, after}) {
    for (std::uint32_t slot : {0u, 255u, 0xffffffffu}) put(*store, keys.payload(slot), std::to_string(slot));
    put(*store, keys.sparse(0, 1), "sparse");
  }
  const auto slots = [&](const Key& prefix) {
    std::vector<std::uint32_t> found;
    StoreIterator iterator = store->iterate(prefix);
    while (iterator.next()) found.push_back(ShardKeys::slot_of(iterator.key()));
    CHECK_FALSE(iterator.next());
    return found;
  };
  const std::vector<std::uint32_t> all{0, 255, 0xffffffffu, 1};
  CHECK(slots(mine.generation()) == all);
  CHECK(slots(mine.kind(KeyKind::kPayload)) == std::vector<std::uint32_t>{0, 255, 0xffffffffu});
  CHECK(slots(before.generation()) == all);
  CHECK(slots(Key::of_shard(1, 1)).size() == 8);
  CHECK(slots(Key::of_collection(1)).size() == 16);

  StoreIterator iterator = store->iterate(mine.generation());
  iterator.seek(mine.payload(200));
  REQUIRE(iterator.next());
  CHECK(text_of(iterator.value()) == "255");

  store->remove_prefix(mine.generation());
  CHECK(slots(mine.generation()).empty());
  CHECK(slots(other_generation.generation()) == all);
  store->remove_prefix(Key::of_shard(1, 1));
  CHECK(slots(other_generation.generation()).empty());
  CHECK(slots(before.generation()) == all);
  CHECK(slots(after.generation()) == all);
  StoreBatch batch;
  batch.remove_prefix(Key::of_collection(1));
  store->write(batch);
  CHECK(slots(Key::of_collection(1)).empty());
}

TEST_CASE("a snapshot keeps what was") {
  TemporaryDirectory directory;
  const auto store = Store::open(directory.path());
  const ShardKeys keys(1, 0, 0);
  put(*store, keys.payload(1), "old");
  {
    const StoreSnapshot snapshot = store->snapshot();
    put(*store, keys.payload(1), "new");
    put(*store, keys.payload(2), "more");
    CHECK(value_of(*store, keys.payload(1), &snapshot) == "old");
    CHECK(value_of(*store, keys.payload(2), &snapshot) == "nothing");
    StoreIterator iterator = store->iterate(keys.generation(), &snapshot);
    REQUIRE(iterator.next());
    CHECK(text_of(iterator.value()) == "old");
    CHECK_FALSE(iterator.next());
    const std::vector<Key> both{keys.payload(1), keys.payload(2)};
    int found = 0;
    store->multi_get(both, [&](std::size_t, const auto& value) { found += value.has_value() ? 1 : 0; }, &snapshot);
    CHECK(found == 1);
  }
  CHECK(value_of(*store, keys.payload(1)) == "new");
}

TEST_CASE("a checkpoint is a store of its own") {
  TemporaryDirectory directory;
  const ShardKeys keys(1, 0, 0);
  const auto store = Store::open(directory / "store");
  put(*store, keys.payload(1), "kept");
  store->checkpoint(directory / "copy");
  put(*store, keys.payload(1), "changed");
  const auto copy = Store::open(directory / "copy");
  CHECK(value_of(*copy, keys.payload(1)) == "kept");
  CHECK_THROWS_AS(store->checkpoint(directory / "copy"), IoError);
}

TEST_CASE("a damaged store is refused") {
  TemporaryDirectory directory;
  { put(*Store::open(directory.path()), ShardKeys(1, 0, 0).payload(1), "value"); }
  for (const std::string& name : list_directory(directory.path())) {
    if (name.starts_with("MANIFEST")) File::open_write(directory / name).pwrite_all(std::vector<std::uint8_t>(64, 0x5a), 0);
  }
  CHECK_THROWS_AS(Store::open(directory.path()), FormatError);
}
