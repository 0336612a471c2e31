#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "io/errors.h"
#include "json/lift.h"
#include "json/number.h"
#include "json/path.h"
#include "json/scanner.h"
#include "json/string.h"

using namespace vdb;

namespace {

std::string problem_of(std::string_view text) {
  try {
    minify_json(text);
  } catch (const BadJson& error) {
    return error.what();
  }
  return "";
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::vector<std::string> values_at(std::string_view json, std::string_view path) {
  std::vector<std::string> found;
  visit_values(json, JsonPath::require(path), [&](const JsonValue& value) {
    found.emplace_back(value.text());
    return true;
  });
  return found;
}

std::vector<std::string> whole_values_at(std::string_view json, std::string_view path) {
  std::vector<std::string> found;
  visit_path(json, JsonPath::require(path), [&](const JsonValue& value) {
    found.emplace_back(value.text());
    return true;
  });
  return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("minifying keeps the bytes of numbers and strings") {
  CHECK(minify_json(" { \"a\" : 1 , \"b\":\t1.0 ,\"c\":[ 9007199254740993 , -9223372036854775808,18446744073709551615 ] }\n") ==
        R"({"a":1,"b":1.0,"c":[9007199254740993,-9223372036854775808,18446744073709551615]})");
  CHECK(minify_json(R"("\u00e9\/\n é 漢 😀")") == R"("\u00e9\/\n é 漢 😀")");
  CHECK(minify_json("-0.0e-0") == "-0.0e-0");
  CHECK(minify_json("[]") == "[]");
  CHECK(minify_json("{ }") == "{}");
  CHECK(minify_json("[true,false,null]") == "[true,false,null]");
}

TEST_CASE("of duplicate keys the last one stays, however it is written") {
  CHECK(minify_json(R"({"a":1,"b":2,"a":3})") == R"({"b":2,"a":3})");
  CHECK(minify_json(R"({"a":1,"\u0061":{"x":1,"x":2},"b":[{"c":1,"c":2}]})") == R"({"\u0061":{"x":2},"b":[{"c":2}]})");
  CHECK(minify_json(R"({"a":1,"a":2})") == R"({"a":2})");
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += "\"k" + std::to_string(i % 400) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  const std::string minified = minify_json(many);
  CHECK(JsonValue(minified).size() == 400);
  JsonValue value(minified);
  REQUIRE(find_member(JsonValue(minified), "k399", value));
  CHECK(value.text() == "799");
  REQUIRE(find_member(JsonValue(minified), "k7", value));
  CHECK(value.text() == "807");
}

TEST_CASE("what is not JSON is refused with its position") {
  CHECK(problem_of("") == "unexpected end of the text at line 1 column 1");
  CHECK(problem_of("{\"a\":}") == "expected value at line 1 column 6");
  CHECK(problem_of("{\n \"a\": x}") == "expected value at line 2 column 7");
  CHECK(problem_of("[1,]") == "expected value at line 1 column 4");
  CHECK(problem_of("[1 2]") == "expected `]` at line 1 column 4");
  CHECK(problem_of("{\"a\" 1}") == "expected `:` at line 1 column 6");
  CHECK(problem_of("{a:1}") == "key must be a string at line 1 column 2");
  CHECK(problem_of("{\"a\":1,}") == "key must be a string at line 1 column 8");
  CHECK(problem_of("[1") == "unexpected end of the text at line 1 column 3");
  CHECK(problem_of("1 1") == "trailing characters at line 1 column 3");
  for (const char* text : {"01", "1.", ".5", "1e", "1e+", "-", "+1", "0x1", "NaN", "Infinity", "-Infinity", "tru", "nulL",
                           "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\n\"", "[", "{", "{\"", "]", "--1", "1.e3", "00"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(minify_json(text), BadJson);
    JsonScanner scanner(text);
    CHECK_THROWS_AS((scanner.skip_value(), scanner.expect_end()), BadJson);
  }
}

TEST_CASE("invalid UTF-8 and lone surrogates are refused") {
  for (const char* bytes : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80", "\xff", "\xe2\x82"}) {
    const std::string inside = bytes;
    CHECK(!is_utf8(inside));
    CHECK(!is_utf8("01234567" + inside));
    CHECK(problem_of("\"" + inside + "\"").starts_with("invalid UTF-8"));
    CHECK(problem_of("{\"" + inside + "\":1}").starts_with("invalid UTF-8"));
  }
  for (const char* escape : {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\ud800x")", R"("\ud83d\ud83d")"}) {
    CHECK(problem_of(escape).starts_with("lone surrogate"));
  }
  CHECK(JsonValue(R"("\ud83d\ude00\u00e9\u20ac\"\\\/\b\f\n\r\t")").string() == "😀é€\"\\/\b\f\n\r\t");
}

TEST_CASE("numbers beyond the ranges are refused, small ones are zero") {
  CHECK(problem_of("1e400") == "number out of range at line 1 column 1");
  CHECK(problem_of("[-1e400]") == "number out of range at line 1 column 2");
  CHECK(problem_of("18446744073709551616").starts_with("number out of range"));
  CHECK(problem_of("-9223372036854775809").starts_with("number out of range"));
  CHECK(problem_of("1" + std::string(400, '0') + ".5").starts_with("number out of range"));
  CHECK(problem_of("1e99999999999999999999").starts_with("number out of range"));
  CHECK(minify_json("1e-400") == "1e-400");
  CHECK(minify_json("0e400") == "0e400");
  CHECK(std::get<double>(JsonValue("1e-400").number()) == 0.0);
  CHECK(std::get<double>(JsonValue("0." + std::string(400, '0') + "1e401").number()) == 1.0);
}

TEST_CASE("numbers keep their kind and value") {
  CHECK(std::get<std::int64_t>(JsonValue("9007199254740993").number()) == 9007199254740993);
  CHECK(std::get<std::int64_t>(JsonValue("-9223372036854775808").number()) == std::numeric_limits<std::int64_t>::min());
  CHECK(std::get<std::uint64_t>(JsonValue("18446744073709551615").number()) == std::numeric_limits<std::uint64_t>::max());
  CHECK(std::get<std::int64_t>(JsonValue("1").number()) == 1);
  CHECK(std::get<double>(JsonValue("1.0").number()) == 1.0);
  CHECK(std::get<double>(JsonValue("1e2").number()) == 100.0);
  CHECK(std::signbit(std::get<double>(JsonValue("-0").number())));
}

TEST_CASE("nesting has a limit") {
  CHECK(minify_json(nested(kJsonDepthMax)) == nested(kJsonDepthMax));
  CHECK(problem_of(nested(kJsonDepthMax + 1)).starts_with("recursion limit exceeded"));
  CHECK(problem_of(std::string(1'000'000, '[')).starts_with("recursion limit exceeded"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(problem_of(objects).starts_with("recursion limit exceeded"));
  CHECK_THROWS_AS(lift_json(std::string(1'000'000, '[')), BadJson);
}

TEST_CASE("float32 is the nearest one for random texts") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    char text[64];
    std::string token;
    switch (i % 4) {
      case 0: {  // the shortest form of any finite float32
        float value;
        const auto bits = static_cast<std::uint32_t>(random());
        std::memcpy(&value, &bits, sizeof(value));
        if (!std::isfinite(value)) continue;
        token.assign(text, std::to_chars(text, text + sizeof(text), value).ptr);
        break;
      }
      case 1: {  // a float32 printed as a double, as JavaScript does it
        const double value = static_cast<float>(static_cast<double>(random()) / 1.8446744073709552e19 * 2 - 1);
        token.assign(text, std::to_chars(text, text + sizeof(text), value).ptr);
        break;
      }
      case 2: {  // the middle between two float32, and its neighbours
        const auto bits = static_cast<std::uint32_t>(0x3f000000 + random() % 0x1000000);
        float low;
        std::memcpy(&low, &bits, sizeof(low));
        double middle = (static_cast<double>(low) + std::nextafterf(low, 10)) / 2;
        if (random() % 2 == 0) middle = std::nextafter(middle, random() % 2 == 0 ? 0 : 10);
        token.assign(text, std::to_chars(text, text + sizeof(text), middle).ptr);
        break;
      }
      default: {  // random digits
        token = std::to_string(random() % 100) + "." + std::to_string(random());
        if (random() % 2 == 0) token += "e" + std::to_string(static_cast<int>(random() % 100) - 50);
      }
    }
    float expected = 0;
    const auto outcome = std::from_chars(token.data(), token.data() + token.size(), expected);
    if (outcome.ec != std::errc()) continue;
    float got = 0;
    REQUIRE(read_float32(token.data(), token.data() + token.size(), got) == token.data() + token.size());
    if (std::memcmp(&got, &expected, sizeof(got)) != 0) {
      CAPTURE(token);
      CHECK(got == expected);
    }
  }
}

TEST_CASE("float32 at the edges") {
  const auto read = [](std::string_view text) {
    float value = -1;
    REQUIRE(read_float32(text.data(), text.data() + text.size(), value) == text.data() + text.size());
    return value;
  };
  CHECK(read("1e39") == std::numeric_limits<float>::infinity());
  CHECK(read("-1e400") == -std::numeric_limits<float>::infinity());
  CHECK(read("1e-400") == 0.0f);
  CHECK(std::signbit(read("-0")));
  CHECK(std::signbit(read("-0.0")));
  CHECK(read("100000000000000000000") == 1e20f);
  CHECK(read("0.00000000000000000000000012345678901234567") == 1.2345679e-25f);
  CHECK(read("3.4028235e38") == std::numeric_limits<float>::max());
  CHECK(read("1e-45") == std::numeric_limits<float>::denorm_min());
  CHECK(read("0.10000000000000000000000000000000000000001") == 0.1f);
}

TEST_CASE("floats are written so that they stay floats") {
  const auto written = [](float value) {
    std::string out;
    append_float32(out, value);
    return out;
  };
  CHECK(written(1) == "1.0");
  CHECK(written(0.1f) == "0.1");
  CHECK(written(-0.0f) == "-0.0");
  CHECK(written(1e20f) == "1e+20");
  CHECK(written(16777216.0f) == "16777216.0");
  std::string out;
  append_double(out, 1e22);
  append_integer(out, std::numeric_limits<std::int64_t>::min());
  append_integer(out, std::numeric_limits<std::uint64_t>::max());
  CHECK(out == "1e+22-922337203685477580818446744073709551615");
}

TEST_CASE("strings are quoted and decoded back") {
  std::string all;
  for (char c = 1; c > 0 && c < 127; ++c) all.push_back(c);
  all += "é漢😀";
  std::string quoted;
  append_quoted(quoted, all);
  CHECK(minify_json(quoted) == quoted);
  CHECK(JsonValue(quoted).string() == all);
  CHECK(JsonValue(quoted).string_equals(all));
  CHECK(!JsonValue(R"("a\\")").string_equals("a\\\\"));
  CHECK(JsonValue(R"("a\u0062")").string_equals("ab"));
}

TEST_CASE("payloads are objects") {
  CHECK(minify_payload(" {} ") == "");
  CHECK(minify_payload("null") == "");
  CHECK(minify_payload("{ \"a\": 1 }") == "{\"a\":1}");
  CHECK_THROWS_AS(minify_payload("[1]"), BadJson);
  CHECK_THROWS_AS(minify_payload("1"), BadJson);
  CHECK(is_stored_payload(""));
  CHECK(is_stored_payload(R"({"a":1.0})"));
  CHECK(!is_stored_payload(R"({"a": 1.0})"));
  CHECK(!is_stored_payload(R"({"a":1,"a":2})"));
  CHECK(!is_stored_payload("[]"));
  CHECK(!is_stored_payload("{"));
}

TEST_CASE("paths parse, print and refuse") {
  const auto round = [](std::string_view text) { return JsonPath::require(text).to_string(); };
  for (const char* text : {"a", "a.b", "a[].b", "a[3].b[][0]", "\"a.b\".c", "foo_1-x", "a[0]", "\"\".x", "\"with space\"", "ключ"}) {
    CHECK(round(text) == text);
  }
  CHECK(round("\"plain\".x") == "plain.x");
  for (const char* text : {"", ".", "a.", ".a", "a..b", "[0]", "[]", "a[", "a[x]", "a[-1]", "a]", "a[0]b", "\"a", "a b", "a[0",
                           "a[99999999999999999999999]", "\"a\\\"b\"", "a.[0]"}) {
    CAPTURE(text);
    CHECK(!JsonPath::parse(text));
    CHECK_THROWS_AS(JsonPath::require(text), BadRequest);
  }
  std::string longest = "a";
  for (std::size_t i = 1; i < kPathStepsMax; ++i) longest += "[]";
  CHECK(JsonPath::parse(longest));
  CHECK(!JsonPath::parse(longest + "[]"));
  CHECK(JsonPath::require("a[]").without_last_every() == JsonPath::require("a"));
}

TEST_CASE("values at a path") {
  const std::string json = minify_json(R"({"a":{"b":[{"c":1},{"c":[2,3]},{"d":{"e":3}}]},"f":3,"g":["x",["y"]],"a.b":9,"n":null,"e":[]})");
  CHECK(values_at(json, "f") == Texts{"3"});
  CHECK(values_at(json, "a.b[].c") == Texts{"1", "2", "3"});
  CHECK(whole_values_at(json, "a.b[].c") == Texts{"1", "[2,3]"});
  CHECK(values_at(json, "a.b.c").empty());
  CHECK(values_at(json, "a.b[1].c") == Texts{"2", "3"});
  CHECK(values_at(json, "a.b[7]").empty());
  CHECK(values_at(json, "g") == Texts{"\"x\"", "[\"y\"]"});
  CHECK(values_at(json, "g[]") == Texts{"\"x\"", "\"y\""});
  CHECK(values_at(json, "\"a.b\"") == Texts{"9"});
  CHECK(values_at(json, "n") == Texts{"null"});
  CHECK(values_at(json, "e").empty());
  CHECK(whole_values_at(json, "e") == Texts{"[]"});
  CHECK(values_at(json, "missing").empty());
  CHECK(values_at("", "a").empty());
  int visited = 0;
  CHECK(!visit_values(json, JsonPath::require("a.b[].c"), [&](const JsonValue&) { return ++visited < 2; }));
  CHECK(visited == 2);
}

TEST_CASE("damaged text is noticed, not read past") {
  for (const char* text : {"{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "[1", "[", "[[", "{\"a\":[1}", "{1:2}", "{\"a\\\":1}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(JsonValue(text).size(), FormatError);
  }
  CHECK_THROWS_AS(JsonValue(""), FormatError);
  CHECK_THROWS_AS(JsonValue("x"), FormatError);
  CHECK_THROWS_AS(JsonValue("12x").number(), FormatError);
}

TEST_CASE("lifting takes out long lists of numbers") {
  std::string numbers = "[";
  for (int i = 0; i < 16; ++i) numbers += (i == 0 ? "" : ", ") + std::to_string(i) + ".5";
  numbers += "]";
  const std::string body = "{\"vector\": " + numbers + ", \"limit\": 1.0, \"short\": [1,2.0]}";
  const LiftedJson lifted = lift_json(body);
  CHECK(lifted.json == R"({"vector":{"$lifted":0},"limit":1.0,"short":[1,2.0]})");
  REQUIRE(lifted.arrays.size() == 1);
  CHECK(lifted.arrays[0].size() == 16);
  CHECK(lifted.arrays[0][15] == 15.5f);
  CHECK(body.substr(lifted.spans[0].first, lifted.spans[0].second - lifted.spans[0].first) == numbers);

  const LiftedJson several = lift_json("[" + numbers + "," + numbers + ",[]]");
  CHECK(several.json == R"([{"$lifted":0},{"$lifted":1},[]])");
  CHECK(several.spans.size() == 2);

  std::string large = numbers;
  large.insert(1, "1e39,");
  CHECK(lift_json(large).arrays.empty());
  CHECK(lift_json(large).json == minify_json(large));
  std::string mixed = numbers;
  mixed.insert(mixed.size() - 1, ",\"x\"");
  CHECK(lift_json(mixed).json == minify_json(mixed));
  mixed.back() = ' ';
  CHECK_THROWS_AS(lift_json(mixed), BadJson);
  CHECK_THROWS_AS(lift_json("{\"a\":1e400}"), BadJson);
  CHECK_THROWS_AS(lift_json("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,017]"), BadJson);
}

TEST_CASE("an object of the client that looks lifted keeps everything where it is") {
  std::string numbers = "[0";
  for (int i = 1; i < 20; ++i) numbers += "," + std::to_string(i);
  numbers += "]";
  const std::string body = "{\"payload\":{\"$lif\\u0074ed\":0},\"vector\":" + numbers + "}";
  const LiftedJson lifted = lift_json(body);
  CHECK(lifted.arrays.empty());
  CHECK(lifted.spans.empty());
  CHECK(lifted.json == body);
}

TEST_CASE("duplicate keys are resolved while lifting") {
  CHECK(lift_json(R"({"a":1,"\u0061":2})").json == R"({"a":2})");
}
