// What a shard's points hold, as the collection's configuration says it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rows/row_space.h"

namespace vdb {

enum class VectorKind : uint8_t { kDense = 0, kMulti = 1, kSparse = 2 };

struct VectorSchema {
  std::string name;
  VectorKind kind = VectorKind::kDense;
  uint32_t dimension = 0;  // 0 for sparse vectors
  Distance distance = Distance::kCosine;
  RowType type = RowType::kFloat32;
  uint32_t m = 16;
  uint32_t ef_construct = 100;
  bool walk_codes = true;
};

struct ShardSchema {
  std::vector<VectorSchema> vectors;
  uint64_t indexing_threshold_bytes = 0;
  uint64_t full_scan_threshold_bytes = 0;

  /// Position of a vector name, or -1.
  int find(std::string_view name) const {
    for (size_t i = 0; i < vectors.size(); i++) {
      if (vectors[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }
};

}  // namespace vdb
