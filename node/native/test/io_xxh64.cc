#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "io/xxh64.h"

using namespace vdb;

namespace {

std::uint64_t hash_of(std::string_view text, std::uint64_t seed = 0) {
  return xxh64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, seed);
}

}  // namespace

TEST_CASE("XXH64 gives the published values") {
  CHECK(hash_of("") == 0xef46db3751d8e999ull);
  CHECK(hash_of("a") == 0xd24ec4f1a98c6e5bull);
  CHECK(hash_of("abc") == 0x44bc2cf5ad770999ull);
  CHECK(hash_of("message digest") == 0x066ed728fceeb3beull);
  CHECK(hash_of("abcdefghijklmnopqrstuvwxyz") == 0xcfe1f278fa89835cull);
  CHECK(hash_of("Nobody inspects the spammish repetition") == 0xfbcea83c8a378bf1ull);
  CHECK(hash_of("xxhash", 20141025) == 13067679811253438005ull);
}
