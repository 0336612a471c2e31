#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/errors.h"

namespace vdb {

/**
 * One open file; closed when it goes out of scope. Every failed call throws IoError. Calls on one
 * File from several threads are as safe as pread and pwrite are: reads and writes may overlap in
 * time, but opening, closing and moving may not.
 */
class File {
 public:
  /** Holds no file. */
  File() = default;
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /** Opens an existing file for reading. Throws NotFound when there is none. */
  static File open_read(const std::string& path);
  /**
   * As open_read, for reads past the page cache, whose memory, offset and length are multiples of 4096.
   * A file system without such reads refuses with EINVAL, here or at the first of them.
   */
  static File open_read_direct(const std::string& path);
  /** Opens an existing file for reading and writing. Throws NotFound when there is none. */
  static File open_write(const std::string& path);
  /** Creates a file for reading and writing; fails with EEXIST when there is one. */
  static File create(const std::string& path);
  /** Opens a file for reading and writing, and creates it when there is none. */
  static File open_or_create(const std::string& path);

  bool is_open() const noexcept { return descriptor_ >= 0; }
  int descriptor() const noexcept { return descriptor_; }
  const std::string& path() const noexcept { return path_; }

  std::uint64_t size() const;
  /** Reads up to `out.size()` bytes; fewer only at the end of the file. Returns how many. */
  std::size_t pread_some(std::span<std::uint8_t> out, std::uint64_t offset) const;
  /** Fills `out`, or throws FormatError when the file ends before it is full. */
  void pread_all(std::span<std::uint8_t> out, std::uint64_t offset) const;
  void pwrite_all(std::span<const std::uint8_t> bytes, std::uint64_t offset);
  /**
   * Makes sure that the bytes [offset, offset + length) are allocated, so that writing them later
   * cannot run out of space. Extends the file with zeros; never shrinks it.
   */
  void fallocate(std::uint64_t offset, std::uint64_t length);
  void truncate(std::uint64_t size);
  /** Content and size reach the disk. A failure must not be tried again: the kernel may have dropped the pages. */
  void fdatasync();
  /** As fdatasync, and all other metadata too. */
  void fsync();
  /** Closes now, and reports what close(2) reports. Does nothing when no file is open. */
  void close();

 private:
  File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  static File open_with(const std::string& path, int flags);

  int descriptor_ = -1;
  std::string path_;
};

/** The whole content; throws FormatError when there are more than `limit_bytes`, before reading them. */
std::vector<std::uint8_t> read_file(const std::string& path, std::uint64_t limit_bytes = 1ull << 32);

/**
 * Replaces `path` so that after a crash or power loss it holds either the old content or the new,
 * never a mixture: writes `path` + ".tmp", syncs it, renames it over `path`, syncs the folder. When
 * it returns, the new content is durable.
 */
void write_file_atomic(const std::string& path, std::span<const std::uint8_t> bytes);
void write_file_atomic(const std::string& path, std::string_view text);

/** Makes creations, renames and removals inside `directory` durable. */
void sync_directory(const std::string& directory);
/** Creates `directory` and its missing parents, and makes each new one durable in its parent. */
void create_directories(const std::string& directory);
/** Names (not paths) of the entries of `directory` but `.` and `..`, in order. Throws NotFound. */
std::vector<std::string> list_directory(const std::string& directory);
/** Removes one file. Returns false when there was none. Durable after sync_directory. */
bool remove_file(const std::string& path);
/** Removes a folder and all below it. Returns false when there was none. */
bool remove_directory(const std::string& directory);
bool path_exists(const std::string& path);
/** The folder that holds `path`; "." when there is no slash. */
std::string parent_directory(const std::string& path);

}  // namespace vdb
