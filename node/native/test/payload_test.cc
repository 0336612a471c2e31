#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "io/bytes.h"
#include "json/scanner.h"
#include "payload/payload_edit.h"
#include "payload/payload_selector.h"

using namespace vdb;

namespace {

std::string merged_at(std::string_view payload, std::string_view path, std::string_view patch) {
  return merge_payload_at(payload, JsonPath::require(path), patch);
}

std::string without(std::string_view payload, std::initializer_list<std::string_view> paths) {
  std::vector<JsonPath> list;
  for (const std::string_view path : paths) list.push_back(JsonPath::require(path));
  return delete_payload_keys(payload, list);
}

PayloadSelector selector(PayloadSelector::Mode mode, std::initializer_list<std::string_view> paths) {
  PayloadSelector selector;
  selector.mode = mode;
  for (const std::string_view path : paths) selector.paths.push_back(JsonPath::require(path));
  return selector;
}

std::string only(std::string_view payload, std::initializer_list<std::string_view> paths) {
  return select_payload(payload, selector(PayloadSelector::Mode::kOnly, paths));
}

std::string all_but(std::string_view payload, std::initializer_list<std::string_view> paths) {
  return select_payload(payload, selector(PayloadSelector::Mode::kAllBut, paths));
}

}  // namespace

TEST_CASE("merging replaces top-level keys and keeps every other byte") {
  CHECK(merge_payload(R"({"a":1.0,"b":9007199254740993})", R"({"b":{"x":1},"c":-9223372036854775808})") ==
        R"({"a":1.0,"b":{"x":1},"c":-9223372036854775808})");
  CHECK(merge_payload("", R"({"a":1})") == R"({"a":1})");
  CHECK(merge_payload(R"({"a":1})", "") == R"({"a":1})");
  CHECK(merge_payload("", "") == "");
  CHECK(merge_payload(R"({"a":{"x":1,"y":2}})", R"({"a":{"z":3}})") == R"({"a":{"z":3}})");
  CHECK(merge_payload(R"({"\u0061":1})", R"({"a":2})") == R"({"\u0061":2})");
}

TEST_CASE("a null in a merge removes the key") {
  CHECK(merge_payload(R"({"a":1,"b":2})", R"({"a":null})") == R"({"b":2})");
  CHECK(merge_payload(R"({"a":1})", R"({"a":null,"z":null})") == "");
}

TEST_CASE("merging at a path") {
  CHECK(merged_at(R"({"a":{"b":1}})", "a", R"({"c":2})") == R"({"a":{"b":1,"c":2}})");
  CHECK(merged_at("", "a.b", R"({"c":2})") == R"({"a":{"b":{"c":2}}})");
  CHECK(merged_at(R"({"a":5})", "a.b", R"({"c":2})") == R"({"a":{"b":{"c":2}}})");
  CHECK(merged_at(R"({"a":[{"x":1},2]})", "a[]", R"({"c":2})") == R"({"a":[{"x":1,"c":2},{"c":2}]})");
  CHECK(merged_at(R"({"a":[{"x":1},{"x":2}]})", "a[1]", R"({"x":3})") == R"({"a":[{"x":1},{"x":3}]})");
  CHECK(merged_at(R"({"a":[1]})", "a[7].b", R"({"x":3})") == R"({"a":[1]})");
  CHECK(merged_at(R"({"a":1})", "a[]", R"({"x":3})") == R"({"a":[]})");
  CHECK(merged_at(R"({"a":1})", "a[0]", R"({"x":3})") == R"({"a":[]})");
  CHECK(merged_at(R"({"k.k":{"x":1}})", "\"k.k\"", R"({"x":null})") == R"({"k.k":{}})");
}

TEST_CASE("a merge that would multiply a payload is bounded") {
  std::string array = R"({"a":[0)";
  for (int i = 0; i < 2000; ++i) array += ",0";
  array += "]}";
  const std::string patch = R"({"x":")" + std::string(100'000, 'x') + R"("})";
  CHECK_THROWS_AS(merged_at(array, "a[]", patch), BadRequest);
}

TEST_CASE("deleting keys by paths") {
  const std::string payload = R"({"a":{"b":1,"c":[{"d":1,"e":2},{"d":3},4]},"f":[1,2],"g.h":0})";
  CHECK(without(payload, {"a"}) == R"({"f":[1,2],"g.h":0})");
  CHECK(without(payload, {"a.b", "f", "\"g.h\""}) == R"({"a":{"c":[{"d":1,"e":2},{"d":3},4]}})");
  CHECK(without(payload, {"a.c[].d"}) == R"({"a":{"b":1,"c":[{"e":2},{},4]},"f":[1,2],"g.h":0})");
  CHECK(without(payload, {"a.c[0].d"}) == R"({"a":{"b":1,"c":[{"e":2},{"d":3},4]},"f":[1,2],"g.h":0})");
  CHECK(without(payload, {"a.c[].d", "a.c[0].e"}) == R"({"a":{"b":1,"c":[{},{},4]},"f":[1,2],"g.h":0})");
  CHECK(without(payload, {"f[]"}) == R"({"a":{"b":1,"c":[{"d":1,"e":2},{"d":3},4]},"f":[],"g.h":0})");
  CHECK(without(payload, {"f[0]"}) == payload);
  CHECK(without(payload, {"x", "a.x", "a.b.c", "f.x", "a.c.d"}) == payload);
  CHECK(without(payload, {"a", "f", "\"g.h\""}) == "");
  CHECK(without("", {"a"}) == "");
}

TEST_CASE("selecting parts of a payload") {
  const std::string payload = R"({"a":{"b":1,"c":[{"d":1,"e":2},{"d":3},4]},"f":[1.0,2],"s":"x"})";
  CHECK(only(payload, {"s"}) == R"({"s":"x"})");
  CHECK(only(payload, {"a.b", "f"}) == R"({"a":{"b":1},"f":[1.0,2]})");
  CHECK(only(payload, {"a.c[].d"}) == R"({"a":{"c":[{"d":1},{"d":3},4]}})");
  CHECK(only(payload, {"a.c"}) == R"({"a":{"c":[{"d":1,"e":2},{"d":3},4]}})");
  CHECK(only(payload, {"a.c[0]"}) == R"({"a":{"c":[]}})");
  CHECK(only(payload, {"s.x"}) == R"({"s":"x"})");
  CHECK(only(payload, {"x"}) == "");
  CHECK(only(payload, {}) == "");
  CHECK(all_but(payload, {"a", "f"}) == R"({"s":"x"})");
  CHECK(all_but(payload, {"a.c[].d", "s"}) == R"({"a":{"b":1,"c":[{"e":2},{},4]},"f":[1.0,2]})");
  CHECK(all_but(payload, {"f[0]", "f[1]"}) == payload);
  CHECK(all_but(payload, {}) == payload);
  CHECK(select_payload(payload, selector(PayloadSelector::Mode::kAll, {})) == payload);
  CHECK(select_payload(payload, selector(PayloadSelector::Mode::kNone, {})) == "");
  CHECK(only("", {"a"}) == "");
}

TEST_CASE("selectors decode and refuse") {
  ByteWriter writer(64);
  writer.u8(2);
  writer.u16(2);
  writer.string("a.b[]");
  writer.string("\"x y\"");
  const std::vector<std::uint8_t> bytes = writer.take();
  const PayloadSelector decoded = decode_payload_selector(bytes);
  CHECK(decoded.mode == PayloadSelector::Mode::kOnly);
  REQUIRE(decoded.paths.size() == 2);
  CHECK(decoded.paths[0] == JsonPath::require("a.b[]"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(decode_payload_selector(std::span(bytes).first(size)), FormatError);
  }
  CHECK_THROWS_AS(decode_payload_selector(std::vector<std::uint8_t>{4}), FormatError);
  CHECK_THROWS_AS(decode_payload_selector(std::vector<std::uint8_t>{1, 0}), FormatError);
  CHECK_THROWS_AS(decode_payload_selector(std::vector<std::uint8_t>{2, 1, 0, 1, 0, '.'}), FormatError);
  CHECK(decode_payload_selector(std::vector<std::uint8_t>{1}).wants_any());
}

TEST_CASE("edits of edits stay minified JSON without duplicate keys") {
  std::string payload;
  const std::vector<std::string> paths = {"a", "a.b", "a[]", "a[0]", "b.c[].d", "\"q r\"", "b", "a.b.c"};
  const std::vector<std::string> patches = {R"({"b":[{"d":1},{"d":2.0}]})", R"({"c":[1,{"d":{}}]})", R"({"a":null,"x":18446744073709551615})"};
  std::size_t step = 0;
  for (int round = 0; round < 300; ++round) {
    step = step * 1103515245 + 12345;
    const JsonPath path = JsonPath::require(paths[(step >> 8) % paths.size()]);
    const std::string& patch = patches[(step >> 16) % patches.size()];
    switch ((step >> 24) % 3) {
      case 0: payload = merge_payload(payload, patch); break;
      case 1: payload = merge_payload_at(payload, path, patch); break;
      default: payload = delete_payload_keys(payload, std::vector<JsonPath>{path});
    }
    CAPTURE(payload);
    REQUIRE(is_stored_payload(payload));
  }
}
