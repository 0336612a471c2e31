// Mutated inputs of every decoder that sees bytes of a client, a peer or a disk. The mutations come
// from a fixed seed, so a failure repeats; the sanitizers decide what a failure is.
#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "codec/parsed_upsert.h"
#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "codec/value_message.h"
#include "codec/vector_selector.h"
#include "io/errors.h"
#include "json/lift.h"
#include "json/scanner.h"
#include "payload/payload_edit.h"
#include "payload/payload_selector.h"
#include "test/golden_messages.h"

using namespace vdb;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kSeed = 20240611;
/** Per target; enough for some ten thousand inputs under the sanitizers. */
constexpr std::chrono::milliseconds kBudget{600};

const std::vector<VectorShape> kShapes = {{"", VectorShape::Kind::kDense, 4},
                                          {"m", VectorShape::Kind::kMulti, 2},
                                          {"s", VectorShape::Kind::kSparse, 0}};

const char* const kBodies[] = {
    R"({"points":[{"id":1,"vector":[1,2,3,4],"payload":{"a":[1,2.5,{"b":null}],"\u0061":"é😀\n"}},{"id":"936da01f-9abd-4d9d-80c7-02af85c822a8","vector":{"":[0.1,-2e-3,3,4],"m":[[1,2],[3,4]],"s":{"indices":[7,3],"values":[1,2]}}}],"shard_key":1})",
    R"({"batch":{"ids":[1,2],"vectors":{"m":[[[1,2]],[[3,4],[5,6]]],"":[[1,2,3,4],[5,6,7,8]]},"payloads":[null,{"x":18446744073709551615}]}})",
    R"({"vector":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15.5],"filter":{"must":[{"key":"a.b[].c","range":{"gt":1e300}}]},"$lifted":0})",
    R"({"a":{"b":[{"c":1},{"c":[2,3]}]},"d":true,"e":"\ud83d\ude00","f":-9223372036854775808})",
};
/** What JSON and the paths are made of, so that mutations get past the first byte. */
const char* const kTokens[] = {"{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "1e400", "-", "0", "1e-400", "null", "true",
                               "\"a\":", "\"id\":", "\"vector\":", "\"points\":", "\"batch\":", "[[", "{\"a\":{", "\xff", "\xc3", "18446744073709551616"};

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

class Mutator {
 public:
  explicit Mutator(std::vector<Bytes> seeds) : random_(kSeed), seeds_(std::move(seeds)) {}

  Bytes next() {
    Bytes bytes = seeds_[below(seeds_.size())];
    for (std::size_t i = below(6); i-- > 0;) mutate(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void mutate(Bytes& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const auto position = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(7)) {
      case 0:
        if (at < bytes.size()) bytes[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<std::uint8_t>(random_());
        break;
      case 2: bytes.resize(at); break;
      case 3: {
        const std::string_view token = kTokens[below(std::size(kTokens))];
        bytes.insert(position, token.begin(), token.end());
        break;
      }
      case 4: bytes.erase(position, bytes.begin() + static_cast<std::ptrdiff_t>(at + below(bytes.size() - at + 1))); break;
      case 5: {  // a piece of another seed
        const Bytes& other = seeds_[below(seeds_.size())];
        const std::size_t from = below(other.size());
        bytes.insert(position, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(from + below(other.size() - from)));
        break;
      }
      default: {  // a piece of itself, many times: depth and length
        const Bytes piece(position, bytes.begin() + static_cast<std::ptrdiff_t>(at + below(std::min<std::size_t>(bytes.size() - at, 8) + 1)));
        for (std::size_t i = below(200); i-- > 0;) bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<Bytes> seeds_;
};

/** Runs `target` on mutated seeds until the budget is spent. Operating errors are what it may throw. */
template <class Target>
void fuzz(std::vector<Bytes> seeds, Target&& target) {
  Mutator mutator(std::move(seeds));
  std::size_t accepted = 0;
  std::size_t inputs = 0;
  const auto end = std::chrono::steady_clock::now() + kBudget;
  while (inputs < 200 || std::chrono::steady_clock::now() < end) {
    ++inputs;
    // A copy on the heap of exactly this size, so that the address sanitizer sees the first byte too many.
    const Bytes input = mutator.next();
    try {
      target(input);
      ++accepted;
    } catch (const BadJson&) {
    } catch (const BadRequest&) {
    } catch (const FormatError&) {
    }
  }
  CHECK(accepted > 0);
  CHECK(accepted < inputs);
}

std::string_view text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::vector<Bytes> json_seeds() {
  std::vector<Bytes> seeds;
  for (const std::string_view body : kBodies) seeds.emplace_back(body.begin(), body.end());
  return seeds;
}

std::vector<Bytes> operation_seeds() {
  std::vector<Bytes> seeds = {parse_upsert(kBodies[0], kShapes).operation, parse_upsert(kBodies[1], kShapes).operation};
  const std::vector<PointId> ids = {PointId::of_number(1), *parse_uuid("936da01f-9abd-4d9d-80c7-02af85c822a8")};
  const JsonPath path = JsonPath::require("a.b[].c");
  for (const Operation& operation :
       std::initializer_list<Operation>{DeletePoints{ids}, SetPayload{ids, path, R"({"x":1})"}, DeletePayloadKeys{ids, {path}},
                                        DeleteVectors{ids, {"m"}}, CreateFieldIndex{path, 1, R"({"type":"keyword"})"}}) {
    seeds.push_back(encode_operation({1, 2, 3}, operation));
  }
  return seeds;
}

Bytes batch_seed() {
  PointBatchWriter writer({true, true, true}, std::vector<std::string>{"", "m", "s"});
  writer.begin_point(PointId::of_number(1), 2, 0.5f);
  writer.payload(R"({"a":{"b":[1,2.5,"x\n",null,true]}})");
  writer.dense(0, std::vector<float>{1, 2});
  writer.begin_point(*parse_uuid("936da01f-9abd-4d9d-80c7-02af85c822a8"), 3, 0.25f);
  writer.sparse(2, std::vector<std::uint32_t>{1, 2}, std::vector<float>{1, 2});
  writer.multi(1, 2, std::vector<float>{1, 2, 3, 4});
  return writer.take();
}

}  // namespace

TEST_CASE("fuzz: minify and lift agree on what is JSON") {
  fuzz(json_seeds(), [](const Bytes& input) {
    const std::string minified = minify_json(text_of(input));
    CHECK(minify_json(minified) == minified);
    JsonScanner scanner(text_of(input));
    scanner.skip_value();
    scanner.expect_end();
  });
  fuzz(json_seeds(), [](const Bytes& input) {
    const LiftedJson lifted = lift_json(text_of(input));
    CHECK(minify_json(lifted.json) == lifted.json);
    CHECK(lifted.arrays.size() == lifted.spans.size());
  });
}

TEST_CASE("fuzz: bodies of upserts give operations that decode") {
  fuzz(json_seeds(), [](const Bytes& input) {
    const ParsedUpsert parsed = parse_upsert(text_of(input), kShapes);
    const LoggedOperation logged = decode_operation(parsed.operation);
    CHECK(std::get<UpsertPoints>(logged.operation).points.size() == parsed.points);
    CHECK(minify_json(parsed.rest) == parsed.rest);
  });
  fuzz(json_seeds(), [](const Bytes& input) {
    const ParsedUpsert parsed = parse_update_vectors(text_of(input), kShapes);
    CHECK(std::holds_alternative<UpdateVectors>(decode_operation(parsed.operation).operation));
  });
}

TEST_CASE("fuzz: messages of upserts give operations that decode") {
  const std::vector<Bytes> seeds = {from_hex(kUpsertMessage), from_hex(kUpdateVectorsMessage)};
  fuzz(seeds, [](const Bytes& input) {
    const ParsedUpsert parsed = parse_upsert_message(input, kShapes);
    CHECK(std::get<UpsertPoints>(decode_operation(parsed.operation).operation).points.size() == parsed.points);
  });
  fuzz(seeds, [](const Bytes& input) { decode_operation(parse_update_vectors_message(input, kShapes).operation); });
  fuzz(seeds, [](const Bytes& input) {
    const std::string payload = payload_from_entries(input);
    CHECK(minify_json(payload) == payload);
  });
}

TEST_CASE("fuzz: operations are decoded whole or refused") {
  fuzz(operation_seeds(), [](const Bytes& input) {
    const LoggedOperation logged = decode_operation(input);
    const Bytes again = encode_operation(logged.clock, logged.operation);
    CHECK(encode_operation(logged.clock, decode_operation(again).operation) == again);
  });
}

TEST_CASE("fuzz: point batches") {
  fuzz({batch_seed()}, [](const Bytes& input) {
    points_to_json(input, PointShape::kScored);
    points_to_message(input, PointShape::kRecord, 1);
    const std::vector<std::span<const std::uint8_t>> batches = {input, input};
    merge_scored(batches, true, 0, 100);
  });
  const Bytes payload_selector = {2, 2, 0, 3, 0, 'a', '.', 'b', 4, 0, 'c', '[', ']', 'd'};
  fuzz({payload_selector, {1}, {3, 1, 0, 1, 0, 'a'}}, [](const Bytes& input) { decode_payload_selector(input); });
  fuzz({{1}, {2, 1, 0, 1, 0, 'a'}}, [](const Bytes& input) { decode_vector_selector(input); });
}

TEST_CASE("fuzz: payload edits keep valid payloads valid") {
  fuzz(json_seeds(), [](const Bytes& input) {
    const std::string payload = minify_payload(text_of(input));
    const std::vector<JsonPath> paths = {JsonPath::require("a.b[].c"), JsonPath::require("points[].payload"), JsonPath::require("batch.ids[0].x")};
    for (const JsonPath& path : paths) CHECK(is_stored_payload(merge_payload_at(payload, path, R"({"c":1,"a":null})")));
    CHECK(is_stored_payload(merge_payload(payload, payload)));
    CHECK(is_stored_payload(delete_payload_keys(payload, paths)));
    for (const auto mode : {PayloadSelector::Mode::kOnly, PayloadSelector::Mode::kAllBut}) {
      CHECK(is_stored_payload(select_payload(payload, {mode, paths})));
    }
  });
}

TEST_CASE("fuzz: edits and visits of damaged payloads stay within their bytes") {
  fuzz(json_seeds(), [](const Bytes& input) {
    const std::string payload(text_of(input));
    const JsonPath path = JsonPath::require("a.b[].c");
    std::string buffer;
    visit_values(payload, path, [&](const JsonValue& value) {
      if (value.kind() == JsonKind::kString) value.string(buffer);
      if (value.kind() == JsonKind::kNumber) value.number();
      return true;
    });
    merge_payload_at(payload, path, payload);
    delete_payload_keys(payload, std::vector<JsonPath>{path});
  });
  fuzz({{'a', '.', 'b', '[', ']', '.', '"', 'c', '"', '[', '3', ']'}}, [](const Bytes& input) {
    const JsonPath path = JsonPath::require(text_of(input));
    CHECK(JsonPath::require(path.to_string()) == path);
  });
}
