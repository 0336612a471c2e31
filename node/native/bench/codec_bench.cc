// Bytes of request body per second that one thread reads, and bytes of answer that it writes. Run by
// hand: make bench-codec. Prints the best of several rounds, since other work on the machine only
// ever slows a round down. On an AMD EPYC whose two cores were shared with other builds (GCC 12, -O3):
// parse_upsert 1004 MB/s for 17-digit numbers and 682 MB/s for shortest float32, decode_operation
// 4 GB/s, points_to_json with vectors 330 MB/s, points_to_message 5.6 GB/s.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "codec/parsed_upsert.h"
#include "codec/point_batch.h"
#include "codec/points_output.h"
#include "json/lift.h"
#include "json/scanner.h"

using namespace vdb;

namespace {

constexpr std::size_t kPoints = 100;
constexpr std::size_t kDimension = 384;
constexpr int kRounds = 40;

template <class Work>
void measure(const char* name, std::size_t bytes, Work&& work) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("%-46s %8zu bytes %9.1f us %8.0f MB/s\n", name, bytes, best * 1e6, static_cast<double>(bytes) / best / 1e6);
}

/** Numbers as JavaScript prints float32 (17 digits), or in their shortest form (8 or 9). */
std::string upsert_body(bool doubles, std::mt19937& random) {
  std::normal_distribution<float> component(0, 0.05f);
  std::string body = "{\"points\":[";
  char text[32];
  for (std::size_t point = 0; point < kPoints; ++point) {
    if (point != 0) body += ",";
    body += "{\"id\":" + std::to_string(point) + ",\"vector\":[";
    for (std::size_t i = 0; i < kDimension; ++i) {
      if (i != 0) body += ",";
      const float value = component(random);
      const char* const end = doubles ? std::to_chars(text, text + sizeof(text), static_cast<double>(value)).ptr
                                      : std::to_chars(text, text + sizeof(text), value).ptr;
      body.append(static_cast<const char*>(text), end);
    }
    body += "],\"payload\":{\"word\":\"example\",\"gloss\":\"a thing that is representative of all things in a group\",\"pos\":\"n\",\"count\":" +
            std::to_string(point) + ",\"tags\":[\"one\",\"two\"]}}";
  }
  return body + "]}";
}

}  // namespace

int main() {
  std::mt19937 random(1);
  const std::vector<VectorShape> shapes = {{"", VectorShape::Kind::kDense, kDimension}};
  for (const bool doubles : {true, false}) {
    const std::string body = upsert_body(doubles, random);
    std::printf("100 points of 384 components, %s\n", doubles ? "17 digits" : "shortest float32 digits");
    measure("  parse_upsert", body.size(), [&] { parse_upsert(body, shapes); });
    measure("  lift_json", body.size(), [&] { lift_json(body); });
    measure("  minify_json", body.size(), [&] { minify_json(body); });
    const ParsedUpsert parsed = parse_upsert(body, shapes);
    measure("  decode_operation", parsed.operation.size(), [&] { decode_operation(parsed.operation); });
  }
  std::string payload = "{";
  for (int i = 0; i < 2000; ++i) {
    payload += (i == 0 ? "\"key" : ", \"key") + std::to_string(i) + "\": {\"text\": \"some words that are longer than a number\", \"n\": [1, 2.5, null]}";
  }
  payload += "}";
  measure("minify a payload of 2000 keys", payload.size(), [&] { minify_json(payload); });

  PointBatchWriter writer({true, true, true}, std::vector<std::string>{""});
  std::normal_distribution<float> component(0, 0.05f);
  std::vector<float> values(kDimension);
  for (std::size_t point = 0; point < kPoints; ++point) {
    writer.begin_point(PointId::of_number(point), point, 0.5f);
    writer.payload(R"({"word":"example","gloss":"a thing that is representative","count":7,"tags":["one","two"]})");
    for (float& value : values) value = component(random);
    writer.dense(0, values);
  }
  const std::vector<std::uint8_t> batch = writer.take();
  measure("points_to_json, with vectors (output)", points_to_json(batch, PointShape::kScored).size(),
          [&] { points_to_json(batch, PointShape::kScored); });
  measure("points_to_message, with vectors (output)", points_to_message(batch, PointShape::kScored, 1).size(),
          [&] { points_to_message(batch, PointShape::kScored, 1); });
}
