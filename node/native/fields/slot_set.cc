#include "fields/slot_set.h"

#include <algorithm>


namespace vdb {

namespace {

// How a set lies on disk: whichever of the two is smaller.
enum class Form : std::uint8_t { kList = 0, kWords = 1 };

bool bit(std::span<const std::uint64_t> words, std::uint32_t slot) {
  return slot / 64 < words.size() && (words[slot / 64] >> (slot % 64) & 1) != 0;
}

}  // namespace

namespace slot_set_detail {

namespace {

auto block_at(auto& blocks, std::uint16_t high) {
  return std::lower_bound(blocks.begin(), blocks.end(), high, [](const Block& block, std::uint16_t h) { return block.high < h; });
}

}  // namespace

bool Block::add(std::uint16_t low) {
  if (words) {
    std::uint64_t& word = (*words)[low / 64];
    const std::uint64_t mask = std::uint64_t{1} << (low % 64);
    if ((word & mask) != 0) return false;
    word |= mask;
    count++;
    return true;
  }
  const auto at = std::lower_bound(array.begin(), array.end(), low);
  if (at != array.end() && *at == low) return false;
  if (array.size() < kArrayMax) {
    array.insert(at, low);
  } else {
    words = std::make_unique<Words>();
    for (const std::uint16_t member : array) (*words)[member / 64] |= std::uint64_t{1} << (member % 64);
    (*words)[low / 64] |= std::uint64_t{1} << (low % 64);
    std::vector<std::uint16_t>().swap(array);
  }
  count++;
  return true;
}

bool Block::remove(std::uint16_t low) {
  if (words) {
    std::uint64_t& word = (*words)[low / 64];
    const std::uint64_t mask = std::uint64_t{1} << (low % 64);
    if ((word & mask) == 0) return false;
    word &= ~mask;
    count--;
    // Well below the size at which an array becomes words, so that a set at the border does not
    // change its form with every call.
    if (count <= kArrayMax / 2) to_array();
    return true;
  }
  const auto at = std::lower_bound(array.begin(), array.end(), low);
  if (at == array.end() || *at != low) return false;
  array.erase(at);
  count--;
  return true;
}

bool Block::contains(std::uint16_t low) const {
  if (words) return ((*words)[low / 64] >> (low % 64) & 1) != 0;
  return std::binary_search(array.begin(), array.end(), low);
}

void Block::to_array() {
  array.reserve(count);
  for (std::size_t w = 0; w < kBlockWords; w++) {
    for (std::uint64_t word = (*words)[w]; word != 0; word &= word - 1) {
      array.push_back(static_cast<std::uint16_t>(w * 64 + static_cast<unsigned>(std::countr_zero(word))));
    }
  }
  words.reset();
}

bool Blocks::add(std::uint32_t slot) {
  const auto high = static_cast<std::uint16_t>(slot >> 16);
  auto at = block_at(blocks, high);
  if (at == blocks.end() || at->high != high) {
    at = blocks.emplace(at);
    at->high = high;
  }
  if (!at->add(static_cast<std::uint16_t>(slot))) return false;
  count++;
  return true;
}

bool Blocks::remove(std::uint32_t slot) {
  const auto high = static_cast<std::uint16_t>(slot >> 16);
  const auto at = block_at(blocks, high);
  if (at == blocks.end() || at->high != high || !at->remove(static_cast<std::uint16_t>(slot))) return false;
  if (at->count == 0) blocks.erase(at);
  count--;
  return true;
}

}  // namespace slot_set_detail

using slot_set_detail::Block;
using slot_set_detail::kBlockWords;
using slot_set_detail::kInPlaceMax;

bool SlotSet::add(std::uint32_t slot) {
  if (auto* few = std::get_if<InPlace>(&members_)) {
    auto* const end = few->slots.begin() + few->count;
    auto* const at = std::lower_bound(few->slots.begin(), end, slot);
    if (at != end && *at == slot) return false;
    if (few->count < kInPlaceMax) {
      std::move_backward(at, end, end + 1);
      *at = slot;
      few->count++;
      return true;
    }
    spill();
  }
  return std::get<std::unique_ptr<Blocks>>(members_)->add(slot);
}

bool SlotSet::remove(std::uint32_t slot) {
  if (auto* few = std::get_if<InPlace>(&members_)) {
    auto* const end = few->slots.begin() + few->count;
    auto* const at = std::lower_bound(few->slots.begin(), end, slot);
    if (at == end || *at != slot) return false;
    std::move(at + 1, end, at);
    few->count--;
    return true;
  }
  Blocks& blocks = *std::get<std::unique_ptr<Blocks>>(members_);
  if (!blocks.remove(slot)) return false;
  if (blocks.count == 0) members_ = InPlace{};
  return true;
}

bool SlotSet::contains(std::uint32_t slot) const {
  if (const auto* few = std::get_if<InPlace>(&members_)) {
    return std::find(few->slots.begin(), few->slots.begin() + few->count, slot) != few->slots.begin() + few->count;
  }
  const auto& blocks = std::get<std::unique_ptr<Blocks>>(members_)->blocks;
  const auto high = static_cast<std::uint16_t>(slot >> 16);
  const auto at = slot_set_detail::block_at(blocks, high);
  return at != blocks.end() && at->high == high && at->contains(static_cast<std::uint16_t>(slot));
}

std::size_t SlotSet::size() const noexcept {
  if (const auto* few = std::get_if<InPlace>(&members_)) return few->count;
  return (*std::get_if<std::unique_ptr<Blocks>>(&members_))->count;
}

void SlotSet::or_into(std::span<std::uint64_t> words) const {
  const auto set = [&](std::uint32_t slot) {
    if (slot / 64 < words.size()) words[slot / 64] |= std::uint64_t{1} << (slot % 64);
  };
  if (const auto* few = std::get_if<InPlace>(&members_)) {
    for (std::uint32_t i = 0; i < few->count; i++) set(few->slots[i]);
    return;
  }
  for (const Block& block : std::get<std::unique_ptr<Blocks>>(members_)->blocks) {
    const std::uint32_t base = std::uint32_t{block.high} << 16;
    for (const std::uint16_t low : block.array) set(base | low);
    const std::size_t first = base / 64;
    if (!block.words || first >= words.size()) continue;
    const std::size_t count = std::min(kBlockWords, words.size() - first);
    for (std::size_t w = 0; w < count; w++) words[first + w] |= (*block.words)[w];
  }
}

void SlotSet::remove_all(std::span<const std::uint64_t> words) {
  std::vector<std::uint32_t> gone;
  for_each([&](std::uint32_t slot) {
    if (bit(words, slot)) gone.push_back(slot);
  });
  for (const std::uint32_t slot : gone) remove(slot);
}

std::size_t SlotSet::heap_bytes() const noexcept {
  const auto* held = std::get_if<std::unique_ptr<Blocks>>(&members_);
  if (held == nullptr) return 0;
  const Blocks& blocks = **held;
  std::size_t bytes = sizeof(Blocks) + blocks.blocks.capacity() * sizeof(Block);
  for (const Block& block : blocks.blocks) {
    bytes += block.array.capacity() * sizeof(std::uint16_t) + (block.words ? sizeof(Block::Words) : 0);
  }
  return bytes;
}

void SlotSet::spill() {
  const InPlace few = std::get<InPlace>(members_);
  auto blocks = std::make_unique<Blocks>();
  for (std::uint32_t i = 0; i < few.count; i++) blocks->add(few.slots[i]);
  members_ = std::move(blocks);
}

void SlotSet::save(ByteWriter& out) const {
  std::uint32_t last = 0;
  for_each([&](std::uint32_t slot) { last = slot; });
  const std::size_t word_count = empty() ? 0 : std::size_t{last} / 64 + 1;
  if (word_count * 8 < size() * 4) {
    std::vector<std::uint64_t> words(word_count, 0);
    or_into(words);
    out.u8(static_cast<std::uint8_t>(Form::kWords));
    out.count(words.size());
    for (const std::uint64_t word : words) out.u64(word);
    return;
  }
  out.u8(static_cast<std::uint8_t>(Form::kList));
  out.count(size());
  for_each([&](std::uint32_t slot) { out.u32(slot); });
}

SlotSet SlotSet::load(ByteReader& in, std::uint32_t slot_count) {
  SlotSet set;
  const auto add = [&](std::uint32_t slot) {
    if (slot >= slot_count || !set.add(slot)) throw FormatError("a set of slots names one twice or past the end");
  };
  const std::uint8_t form = in.u8();
  if (form == static_cast<std::uint8_t>(Form::kList)) {
    for (std::uint32_t left = in.count(4); left > 0; left--) add(in.u32());
    return set;
  }
  if (form != static_cast<std::uint8_t>(Form::kWords)) throw FormatError("a set of slots has unknown form " + std::to_string(form));
  const std::uint32_t count = in.count(8);
  if (count > slot_count / 64 + 1) throw FormatError("a set of slots is longer than the slots there are");
  for (std::uint32_t w = 0; w < count; w++) {
    for (std::uint64_t word = in.u64(); word != 0; word &= word - 1) add(w * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
  }
  return set;
}

}  // namespace vdb
