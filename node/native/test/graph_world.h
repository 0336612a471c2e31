#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "graph/graph.h"
#include "test/temporary_directory.h"

namespace vdb {

/** Vectors around random centres, as embeddings are, with what a test does to each of them. */
class Clustered {
 public:
  Clustered(std::uint32_t dimension, unsigned seed, unsigned centers = 40) : dimension_(dimension), random_(seed) {
    std::normal_distribution<float> normal;
    for (unsigned i = 0; i < centers; i++) {
      centers_.emplace_back(dimension);
      for (float& value : centers_.back()) value = normal(random_);
    }
  }
  std::vector<float> next() {
    std::normal_distribution<float> normal(0, 0.6f);
    std::vector<float> vector = centers_[random_() % centers_.size()];
    for (float& value : vector) value += normal(random_);
    return vector;
  }
  std::mt19937& random() { return random_; }

 private:
  std::uint32_t dimension_;
  std::mt19937 random_;
  std::vector<std::vector<float>> centers_;
};

using Change = std::function<void(std::vector<float>&, std::uint32_t)>;

/** A space with a graph of it, and queries. */
struct World {
  World(const RowSpec& spec, std::uint32_t count, const GraphOptions& options, const Change& change = {},
        unsigned seed = 1)
      : rows(folder / "rows.0.f32", spec), source(spec.dimension, seed), change(change) {
    append(count);
    graph = std::make_unique<Graph>(rows, options);
    for (std::uint32_t q = 0; q < 50; q++) queries.push_back(rows.prepare(vector(count * (q + 1) / 51)));
  }
  std::vector<float> vector(std::uint32_t index) {
    std::vector<float> vector = source.next();
    if (change) change(vector, index);
    return vector;
  }
  void append(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; i++) rows.append(vector(rows.rows()), rows.rows());
  }

  TemporaryDirectory folder;
  RowSpace rows;
  Clustered source;
  Change change;
  std::unique_ptr<Graph> graph;
  std::vector<Query> queries;
};

}  // namespace vdb
