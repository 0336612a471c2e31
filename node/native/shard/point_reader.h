// Turns slots into a point batch: ids, versions, and the payloads and vectors that were asked for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/point_batch.h"
#include "codec/vector_selector.h"
#include "payload/payload_selector.h"
#include "shard/generation.h"
#include "shard/shard_types.h"

namespace vdb {

struct ScoredSlot {
  uint32_t slot = 0;
  float score = 0;
};

class PointReader {
 public:
  /** Throws BadRequest for a selector of an unknown vector name, FormatError for one that does not decode. */
  PointReader(Generation& generation, const Selection& selection, bool scores);

  /** Adds those of the points that are live, in order; returns how many. Takes the locks itself. */
  size_t add(std::span<const ScoredSlot> points);
  std::vector<uint8_t> take() { return batch_.take(); }

 private:
  struct Found;

  void read_payloads(std::vector<Found>& found) const;
  void read_sparse(std::vector<Found>& found) const;
  void write_vectors(const Found& point);
  static std::vector<VectorSpace*> selected_spaces(Generation& generation, const Selection& selection);
  static std::vector<std::string> names_of(const std::vector<VectorSpace*>& spaces);

  Generation& generation_;
  const PayloadSelector payload_;
  const std::vector<VectorSpace*> spaces_;
  bool any_sparse_ = false;
  PointBatchWriter batch_;
};

}  // namespace vdb
