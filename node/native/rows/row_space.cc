#include "rows/row_space.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace vdb {

namespace {

/** Codes are padded with zeros to whole cache lines, so that no product has a tail and no fetch a torn line. */
constexpr std::size_t kCodeAlignment = 64;

std::size_t padded(std::size_t dimension) { return (dimension + kCodeAlignment - 1) / kCodeAlignment * kCodeAlignment; }

/** A norm this close to 1 counts as 1; what normalising leaves is ten times closer. */
constexpr double kUnitTolerance = 1e-6;

/**
 * In double, where the square of no float32 overflows or vanishes and every product is exact, and added
 * in one order: replicas on processors of different kinds store the same bytes.
 */
double squared_norm(const float* vector, std::size_t dimension) {
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; lane++) sums[lane] += static_cast<double>(vector[i + lane]) * vector[i + lane];
  }
  for (; i < dimension; i++) sums[i % kLanes] += static_cast<double>(vector[i]) * vector[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

RowSpace::RowSpace(std::string path, const RowSpec& spec, const RowState& state)
    : spec_(spec),
      kernels_(kernels()),
      file_(std::move(path), spec, state.rows),
      live_(sizeof(std::uint64_t)),
      slots_(sizeof(std::uint32_t)),
      code_bytes_(padded(spec.dimension)) {
  if (spec.dimension == 0) throw std::invalid_argument("vectors have at least one dimension");
  if (spec.distance != Distance::kManhattan) {
    codes_.emplace(code_bytes_);
    factors_.emplace(sizeof(Factors));
  }
  if (state.rows == 0) return;
  if (!state.slot_of.empty() && state.slot_of.size() != state.rows)
    throw FormatError(file_.path() + ": the checkpoint has a slot table of another length than its rows");
  if (!state.live.empty() && state.live.size() < (std::uint64_t{state.rows} + 63) / 64)
    throw FormatError(file_.path() + ": the checkpoint has liveness of fewer rows than it counts");
  reserve_memory(state.rows);
  if (!state.slot_of.empty()) set_slots(0, state.slot_of);
  std::uint32_t live = 0;
  for (std::uint32_t row = 0; row < state.rows; row += 64) {
    std::uint64_t word = state.live.empty() ? ~std::uint64_t{0} : state.live[row / 64];
    if (state.rows - row < 64) word &= (std::uint64_t{1} << (state.rows - row)) - 1;
    live_words(row)->store(word, std::memory_order_relaxed);
    live += static_cast<std::uint32_t>(std::popcount(word));
  }
  live_count_.store(live, std::memory_order_relaxed);
  rows_.store(state.rows, std::memory_order_release);
}

void RowSpace::reserve_memory(std::uint32_t rows) {
  if (codes_) {
    codes_->reserve(rows);
    factors_->reserve(rows);
  }
  live_.reserve((std::uint64_t{rows} + 63) / 64);
}

std::uint32_t RowSpace::append(std::span<const float> vector, std::uint32_t slot) {
  return append_rows(vector, std::span(&slot, 1));
}

std::uint32_t RowSpace::append_rows(std::span<const float> vectors, std::span<const std::uint32_t> slots) {
  if (vectors.size() != slots.size() * spec_.dimension) throw std::invalid_argument("vectors of another dimension");
  std::vector<std::uint8_t> bytes;
  encode(vectors.data(), slots.size(), bytes);
  return append_stored(bytes, slots);
}

std::uint32_t RowSpace::append_stored(std::span<const std::uint8_t> bytes, std::span<const std::uint32_t> slots) {
  if (bytes.size() != slots.size() * spec_.row_bytes()) throw std::invalid_argument("rows of another size");
  const std::uint32_t first = rows_.load(std::memory_order_relaxed);
  if (slots.empty()) return first;
  if (slots.size() > kRowsMax - first) throw std::length_error("a shard holds at most 2^31 vectors per name");
  const auto count = static_cast<std::uint32_t>(slots.size());
  reserve_memory(first + count);
  file_.write(first, bytes);
  if (codes_) compute_codes_of(first, bytes);
  set_slots(first, slots);
  for (std::uint32_t row = first; row < first + count; row++)
    live_words(row)->fetch_or(std::uint64_t{1} << (row % 64), std::memory_order_relaxed);
  live_count_.fetch_add(count, std::memory_order_relaxed);
  rows_.store(first + count, std::memory_order_release);
  return first;
}

/** The stored form of vectors: normalised when that is the distance's and the type allows it, then narrowed. */
void RowSpace::encode(const float* vectors, std::size_t count, std::vector<std::uint8_t>& bytes) const {
  const std::size_t dimension = spec_.dimension;
  bytes.resize(count * spec_.row_bytes());
  std::vector<float> normalised(spec_.distance == Distance::kCosine ? dimension : 0);
  for (std::size_t i = 0; i < count; i++) {
    const float* vector = vectors + i * dimension;
    std::uint8_t* out = bytes.data() + i * spec_.row_bytes();
    if (spec_.distance == Distance::kCosine && spec_.type != RowType::kUint8 && !is_stored_unit(vector)) {
      normalise(vector, normalised.data());
      vector = normalised.data();
    }
    switch (spec_.type) {
      case RowType::kFloat32: std::memcpy(out, vector, dimension * sizeof(float)); break;
      case RowType::kFloat16: narrow(vector, reinterpret_cast<std::uint16_t*>(out)); break;
      case RowType::kUint8: kernels_.f32_to_u8(vector, dimension, out); break;
    }
  }
}

/**
 * Whether the vector is a float16 row that was normalised before it was narrowed. Narrowing moves the
 * norm by more than normalise() lets pass, so that without this a row that is exported and written
 * again would change.
 */
bool RowSpace::is_stored_unit(const float* vector) const {
  if (spec_.type != RowType::kFloat16) return false;
  // Half a unit in the last place of each component, and of the subnormal ones half of their step.
  const double moved = 0x1p-11 + std::sqrt(static_cast<double>(spec_.dimension)) * 0x1p-25;
  if (std::fabs(std::sqrt(squared_norm(vector, spec_.dimension)) - 1.0) > moved + kUnitTolerance) return false;
  std::vector<std::uint16_t> halves(spec_.dimension);
  std::vector<float> widened(spec_.dimension);
  narrow(vector, halves.data());
  kernels_.f16_to_f32(halves.data(), spec_.dimension, widened.data());
  return std::memcmp(widened.data(), vector, spec_.dimension * sizeof(float)) == 0;
}

/**
 * To float16. What is too large becomes the largest number, because an infinity is refused when the
 * row is sent to another replica.
 */
void RowSpace::narrow(const float* vector, std::uint16_t* out) const {
  kernels_.f32_to_f16(vector, spec_.dimension, out);
  for (std::size_t i = 0; i < spec_.dimension; i++) out[i] -= (out[i] & 0x7fff) == 0x7c00 ? 1 : 0;
}

/** Divides by the norm. A vector that is normalised already keeps its bytes. */
void RowSpace::normalise(const float* vector, float* out) const {
  const double norm = std::sqrt(squared_norm(vector, spec_.dimension));
  if (norm == 0 || !std::isfinite(norm) || std::fabs(norm - 1.0) < kUnitTolerance) {
    std::memcpy(out, vector, spec_.dimension * sizeof(float));
    return;
  }
  const double scale = 1.0 / norm;
  for (std::size_t i = 0; i < spec_.dimension; i++) out[i] = static_cast<float>(vector[i] * scale);
}

void RowSpace::widen(const void* stored, float* out) const {
  switch (spec_.type) {
    case RowType::kFloat32: std::memcpy(out, stored, spec_.row_bytes()); break;
    case RowType::kFloat16: kernels_.f16_to_f32(static_cast<const std::uint16_t*>(stored), spec_.dimension, out); break;
    case RowType::kUint8: kernels_.u8_to_f32(static_cast<const std::uint8_t*>(stored), spec_.dimension, out); break;
  }
}

void RowSpace::compute_codes(std::uint32_t begin, std::uint32_t end) {
  if (!codes_) return;
  const std::size_t row_bytes = spec_.row_bytes();
  const auto step = static_cast<std::uint32_t>(std::max<std::size_t>(1, (1u << 20) / row_bytes));
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t row = begin; row < end; row += std::min(step, end - row)) {
    bytes.resize(std::min(step, end - row) * row_bytes);
    file_.read(row, bytes);
    compute_codes_of(row, bytes);
  }
}

void RowSpace::compute_codes_of(std::uint32_t first, std::span<const std::uint8_t> stored) {
  std::vector<float> vector(spec_.dimension);
  const std::size_t row_bytes = spec_.row_bytes();
  for (std::size_t i = 0; i * row_bytes < stored.size(); i++) {
    const auto row = static_cast<std::uint32_t>(first + i);
    widen(stored.data() + i * row_bytes, vector.data());
    Factors factors{kernels_.quantize(vector.data(), spec_.dimension, code_at(row)), 0};
    const float squared = kernels_.dot_f32(vector.data(), vector.data(), spec_.dimension);
    if (spec_.distance != Distance::kCosine) {
      factors.extra = squared;
    } else if (normalises_when_scored()) {
      factors.extra = squared > 0 ? 1 / std::sqrt(squared) : 0;
      factors.scale *= factors.extra;
    }
    *reinterpret_cast<Factors*>(factors_->at(row)) = factors;
  }
}

void RowSpace::set_slots(std::uint32_t first, std::span<const std::uint32_t> slots) {
  if (identity_.load(std::memory_order_relaxed)) {
    std::size_t same = 0;
    while (same < slots.size() && slots[same] == first + same) same++;
    if (same == slots.size()) return;
    slots_.reserve(first);
    for (std::uint32_t row = 0; row < first; row++) *slot_at(row) = row;
  }
  slots_.reserve(std::uint64_t{first} + slots.size());
  for (std::size_t i = 0; i < slots.size(); i++) *slot_at(static_cast<std::uint32_t>(first + i)) = slots[i];
  // A reader that still sees the identity can only know rows from before, for which it holds.
  identity_.store(false, std::memory_order_release);
}

void RowSpace::retire(std::uint32_t row) {
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  if ((live_words(row)->fetch_and(~bit, std::memory_order_release) & bit) != 0)
    live_count_.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<std::uint32_t> RowSpace::copy_slots(std::uint32_t rows) const {
  std::vector<std::uint32_t> slots(rows);
  for (std::uint32_t row = 0; row < rows; row++) slots[row] = slot_of(row);
  return slots;
}

std::vector<std::uint64_t> RowSpace::copy_live(std::uint32_t rows) const {
  std::vector<std::uint64_t> live((std::uint64_t{rows} + 63) / 64);
  for (std::size_t word = 0; word < live.size(); word++)
    live[word] = live_words(static_cast<std::uint32_t>(word * 64))->load(std::memory_order_relaxed);
  if (rows % 64 != 0) live.back() &= (std::uint64_t{1} << (rows % 64)) - 1;
  return live;
}

void RowSpace::read(std::uint32_t row, std::span<float> out) const {
  if (out.size() != spec_.dimension) throw std::invalid_argument("a vector of another dimension");
  widen(file_.row(row), out.data());
}

std::size_t RowSpace::code_row_bytes() const noexcept { return codes_ ? code_bytes_ + sizeof(Factors) : 0; }

std::uint32_t RowSpace::complete_blocks(std::uint32_t rows) const noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{rows} * spec_.row_bytes() / RowFile::kBlockBytes);
}

std::uint64_t RowSpace::memory_bytes() const noexcept {
  const std::uint64_t rows = this->rows();
  return rows * code_row_bytes() + rows / 8 + (slots_are_identity() ? 0 : rows * sizeof(std::uint32_t));
}

}  // namespace vdb
