#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "rows/chunked_memory.h"
#include "rows/query.h"
#include "rows/row_file.h"
#include "rows/row_spec.h"

namespace vdb {

/** What a checkpoint knows about the rows of a space. */
struct RowState {
  std::uint32_t rows = 0;
  /** Slot of each row; empty while every row has the slot of its own number. */
  std::span<const std::uint32_t> slot_of;
  /** Bit r % 64 of word r / 64 is set for a live row; empty: all live. */
  std::span<const std::uint64_t> live;
};

/**
 * The rows of one vector name in one generation: immutable vectors in an append-only file, an int8
 * code for each in memory, the slot that owns it, and whether it is still the newest of its slot.
 *
 * One thread appends, retires and syncs at a time; any number of threads read at the same time,
 * without locks. A row number obtained from `rows()`, from a graph or from a hit may be read at once.
 * Memory never moves while the space lives.
 */
class RowSpace {
 public:
  static constexpr std::uint32_t kRowsMax = 1u << 31;

  /**
   * Opens the rows that a checkpoint counted; rows that the file holds past them are overwritten by
   * later appends. The file is created by the first append, and may be missing when `state.rows` is 0.
   * Codes of the rows are not there yet: call compute_codes over [0, rows()) before any search.
   * Throws FormatError when the file does not fit `spec` or is too short, IoError otherwise.
   */
  RowSpace(std::string path, const RowSpec& spec, const RowState& state = {});
  RowSpace(const RowSpace&) = delete;
  RowSpace& operator=(const RowSpace&) = delete;

  const RowSpec& spec() const noexcept { return spec_; }
  const std::string& path() const noexcept { return file_.path(); }
  /** Rows that may be read. */
  std::uint32_t rows() const noexcept { return rows_.load(std::memory_order_acquire); }

  /**
   * Appends one live row owned by `slot` and returns its number. Cosine vectors of float types are
   * normalised. Throws IoError (a full disk included) and std::length_error past kRowsMax; then the
   * space is as before.
   */
  std::uint32_t append(std::span<const float> vector, std::uint32_t slot);
  /** Appends slots.size() vectors that lie back to back, all or none; returns the first row. Much cheaper than one by one. */
  std::uint32_t append_rows(std::span<const float> vectors, std::span<const std::uint32_t> slots);
  /** As append_rows, of rows in their stored form, as row_bytes() of a space with the same spec gives them: for a vacuum. */
  std::uint32_t append_stored(std::span<const std::uint8_t> bytes, std::span<const std::uint32_t> slots);
  /** The row is no longer the newest of its slot, or its point is gone. Idempotent. */
  void retire(std::uint32_t row);

  std::uint32_t slot_of(std::uint32_t row) const {
    return identity_.load(std::memory_order_acquire) ? row : *slot_at(row);
  }
  bool live(std::uint32_t row) const {
    return (live_words(row)->load(std::memory_order_relaxed) >> (row % 64) & 1) != 0;
  }
  /** True while every row has the slot of its own number; then slot_of need not be stored. */
  bool slots_are_identity() const noexcept { return identity_.load(std::memory_order_acquire); }
  std::uint32_t live_count() const noexcept { return live_count_.load(std::memory_order_relaxed); }
  /** For a checkpoint, of the first `rows` rows; the caller keeps appends and retirements out. */
  std::vector<std::uint32_t> copy_slots(std::uint32_t rows) const;
  std::vector<std::uint64_t> copy_live(std::uint32_t rows) const;

  /** The stored vector as float32. A cosine row of a float type comes back normalised. */
  void read(std::uint32_t row, std::span<float> out) const;
  /** The stored bytes of a row. */
  const std::uint8_t* row_bytes(std::uint32_t row) const { return file_.row(row); }

  /** Computes the codes of [begin, end). Ranges may be computed at the same time by several threads. */
  void compute_codes(std::uint32_t begin, std::uint32_t end);
  /** Manhattan has no codes: no product of codes gives it, so it walks and scans the rows themselves. */
  bool has_codes() const noexcept { return codes_.has_value(); }
  /** Bytes of codes and factors per row, 0 without codes: for bounds on what waits for the graph. */
  std::size_t code_row_bytes() const noexcept;

  /** Prepares a query once for any number of scores. Throws std::invalid_argument on a wrong dimension. */
  Query prepare(std::span<const float> vector) const;
  /** Exact distance (row_spec.h: smaller is better) from the stored row. Never NaN. */
  float score_exact(const Query& query, std::uint32_t row) const;
  /** Approximate distance from the code; needs has_codes(). Never NaN. */
  float score_code(const Query& query, std::uint32_t row) const;
  /** Distances of many rows, prefetched; out[i] belongs to rows[i]. */
  void score_exact_rows(const Query& query, std::span<const std::uint32_t> rows, float* out) const;
  void score_code_rows(const Query& query, std::span<const std::uint32_t> rows, float* out) const;
  /**
   * A query for distances from a stored row to others, for building a graph. Points into this space;
   * cheap to make again and again. `form` is natural_form(), or kSquared for Dot.
   */
  void prepare_from_row(std::uint32_t row, bool codes, Query::Form form, Query& out) const;
  Query::Form natural_form() const {
    return spec_.distance == Distance::kEuclid ? Query::Form::kSquared : Query::Form::kProduct;
  }
  float api_score(float distance) const { return vdb::api_score(spec_.distance, distance); }

  /** Everything appended so far reaches the disk. A failure must not be tried again. */
  void sync() { file_.sync(); }
  /** Blocks of 256 KiB of rows that are complete when the space holds `rows` rows. */
  std::uint32_t complete_blocks(std::uint32_t rows) const noexcept;
  /** crc32c of a complete block, from the disk. */
  std::uint32_t block_crc(std::uint32_t block) const { return file_.block_crc(block); }
  bool verify_block(std::uint32_t block, std::uint32_t crc) const { return block_crc(block) == crc; }

  std::uint64_t disk_bytes() const noexcept { return file_.disk_bytes(); }
  std::uint64_t memory_bytes() const noexcept;

 private:
  /** What turns the integer product of two codes into a distance. */
  struct Factors {
    float scale;
    /** Euclid and Dot: the squared norm. Cosine of uint8 rows: one over the norm. Else 0. */
    float extra;
  };

  std::int8_t* code_at(std::uint32_t row) const { return reinterpret_cast<std::int8_t*>(codes_->at(row)); }
  const Factors& factors(std::uint32_t row) const { return *reinterpret_cast<const Factors*>(factors_->at(row)); }
  std::uint32_t* slot_at(std::uint32_t row) const { return reinterpret_cast<std::uint32_t*>(slots_.at(row)); }
  std::atomic<std::uint64_t>* live_words(std::uint32_t row) const {
    return reinterpret_cast<std::atomic<std::uint64_t>*>(live_.at(row / 64));
  }
  /** uint8 rows cannot be stored normalised, so Cosine divides by their norm when it scores. */
  bool normalises_when_scored() const { return spec_.distance == Distance::kCosine && spec_.type == RowType::kUint8; }

  void reserve_memory(std::uint32_t rows);
  void encode(const float* vectors, std::size_t count, std::vector<std::uint8_t>& bytes) const;
  bool is_stored_unit(const float* vector) const;
  void narrow(const float* vector, std::uint16_t* out) const;
  void normalise(const float* vector, float* out) const;
  void widen(const void* stored, float* out) const;
  void compute_codes_of(std::uint32_t first, std::span<const std::uint8_t> stored);
  void set_slots(std::uint32_t first, std::span<const std::uint32_t> slots);
  void set_factors(float scale, float squared_norm, Query& query) const;
  float code_distance(const Query& query, const Factors& factors, std::int32_t product) const;
  template <class Element>
  float exact_of(const Query& query, const Element* row, std::uint32_t index,
                 float (*dot)(const float*, const Element*, std::size_t),
                 float (*l2)(const float*, const Element*, std::size_t),
                 float (*l1)(const float*, const Element*, std::size_t)) const;

  RowSpec spec_;
  const Kernels& kernels_;
  RowFile file_;
  std::optional<ChunkedMemory> codes_;
  std::optional<ChunkedMemory> factors_;
  ChunkedMemory live_;
  ChunkedMemory slots_;
  std::size_t code_bytes_;
  std::atomic<std::uint32_t> rows_{0};
  std::atomic<std::uint32_t> live_count_{0};
  std::atomic<bool> identity_{true};
};

}  // namespace vdb
