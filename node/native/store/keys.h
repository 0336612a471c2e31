#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace vdb {

/** Kinds of keys: docs/internals/storage.md, "RocksDB keys". */
enum class KeyKind : std::uint8_t { kApplied = 0, kPayload = 1, kSparse = 2 };

/** A key or key prefix, without allocation. Big-endian, so that the order of keys is that of the numbers. */
class Key {
 public:
  static constexpr std::size_t kBytesMax = 8 + 4 + 4 + 1 + 2 + 4;

  /** Prefixes: everything of a collection, of a shard, of a generation, of a kind in a generation. */
  static Key of_collection(std::uint64_t collection);
  static Key of_shard(std::uint64_t collection, std::uint32_t shard);
  static Key of_generation(std::uint64_t collection, std::uint32_t shard, std::uint32_t generation);

  std::span<const std::uint8_t> bytes() const noexcept { return {data_.data(), size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_.data()), size_}; }

 private:
  friend class ShardKeys;
  template <class T>
  void append(T value);

  std::array<std::uint8_t, kBytesMax> data_{};
  std::size_t size_ = 0;
};

/** The keys of one generation of one shard. */
class ShardKeys {
 public:
  ShardKeys(std::uint64_t collection, std::uint32_t shard, std::uint32_t generation)
      : prefix_(Key::of_generation(collection, shard, generation)) {}

  /** Prefix of everything in the generation. */
  const Key& generation() const noexcept { return prefix_; }
  Key kind(KeyKind kind) const;
  Key applied() const { return kind(KeyKind::kApplied); }
  Key payload(std::uint32_t slot) const;
  Key sparse(std::uint16_t vector, std::uint32_t slot) const;

  /** The slot at the end of a payload or sparse key; throws FormatError when the key is too short. */
  static std::uint32_t slot_of(std::string_view key);

 private:
  Key prefix_;
};

}  // namespace vdb
