#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "io/bytes.h"

namespace vdb {

namespace slot_set_detail {

inline constexpr std::size_t kInPlaceMax = 5;
inline constexpr std::size_t kArrayMax = 4096;
inline constexpr std::size_t kBlockWords = 1024;

struct InPlace {
  std::uint32_t count = 0;
  std::array<std::uint32_t, kInPlaceMax> slots{};
};

/** The members with the same upper 16 bits: an array of their lower ones, or one bit for each of 65,536. */
struct Block {
  using Words = std::array<std::uint64_t, kBlockWords>;

  std::uint16_t high = 0;
  std::uint32_t count = 0;
  std::vector<std::uint16_t> array;
  std::unique_ptr<Words> words;

  bool add(std::uint16_t low);
  bool remove(std::uint16_t low);
  bool contains(std::uint16_t low) const;
  void to_array();
};

struct Blocks {
  /** Ascending by `high`. */
  std::vector<Block> blocks;
  std::size_t count = 0;

  bool add(std::uint32_t slot);
  bool remove(std::uint32_t slot);
};

}  // namespace slot_set_detail

/**
 * A set of slots that is small when it has few members and fast to turn into words of bits when it
 * has many, after the idea of roaring bitmaps (Lemire et al., 2016): per 65,536 slots either a
 * sorted array of up to 4096 or a bitmap. Up to five slots are kept in place, because most values
 * of a field with many values have one point each.
 *
 * libroaring is not used: its public interface has no way to copy a bitmap's words out, and going
 * through an iterator costs as much as a whole search once a filter accepts half of the points.
 */
class SlotSet {
 public:
  bool add(std::uint32_t slot);
  bool remove(std::uint32_t slot);
  bool contains(std::uint32_t slot) const;
  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }

  /** Sets the bit of every member below words.size() * 64. */
  void or_into(std::span<std::uint64_t> words) const;
  /** Takes out every member whose bit is set. */
  void remove_all(std::span<const std::uint64_t> words);

  /** Visits the members in order. */
  template <class Visit>
  void for_each(Visit&& visit) const;

  /** Beyond sizeof(SlotSet). */
  std::size_t heap_bytes() const noexcept;

  void save(ByteWriter& out) const;
  /** Throws FormatError, also for members at or past `slot_count`. */
  static SlotSet load(ByteReader& in, std::uint32_t slot_count);

 private:
  using InPlace = slot_set_detail::InPlace;
  using Blocks = slot_set_detail::Blocks;

  void spill();

  // The blocks lie apart, so that a set in place is 32 bytes.
  std::variant<InPlace, std::unique_ptr<Blocks>> members_;
};

template <class Visit>
void SlotSet::for_each(Visit&& visit) const {
  if (const auto* few = std::get_if<InPlace>(&members_)) {
    for (std::uint32_t i = 0; i < few->count; i++) visit(few->slots[i]);
    return;
  }
  for (const slot_set_detail::Block& block : std::get<std::unique_ptr<Blocks>>(members_)->blocks) {
    const std::uint32_t base = std::uint32_t{block.high} << 16;
    for (const std::uint16_t low : block.array) visit(base | low);
    if (!block.words) continue;
    for (std::size_t w = 0; w < slot_set_detail::kBlockWords; w++) {
      for (std::uint64_t word = (*block.words)[w]; word != 0; word &= word - 1) {
        visit(base | static_cast<std::uint32_t>(w * 64 + static_cast<unsigned>(std::countr_zero(word))));
      }
    }
  }
}

}  // namespace vdb
