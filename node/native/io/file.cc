#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace vdb {
namespace {

/** Larger requests are cut by the kernel anyway. */
constexpr std::size_t kTransferBytesMax = 1u << 30;

}  // namespace

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = std::exchange(other.descriptor_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

File File::open_with(const std::string& path, int flags) {
  int descriptor;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) throw_io_error(errno, "open", path);
  return File(descriptor, path);
}

File File::open_read(const std::string& path) { return open_with(path, O_RDONLY); }
File File::open_read_direct(const std::string& path) { return open_with(path, O_RDONLY | O_DIRECT); }
File File::open_write(const std::string& path) { return open_with(path, O_RDWR); }
File File::create(const std::string& path) { return open_with(path, O_RDWR | O_CREAT | O_EXCL); }
File File::open_or_create(const std::string& path) { return open_with(path, O_RDWR | O_CREAT); }

std::uint64_t File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw_io_error(errno, "stat", path_);
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t File::pread_some(std::span<std::uint8_t> out, std::uint64_t offset) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto wanted = std::min(out.size() - done, kTransferBytesMax);
    const auto got = ::pread(descriptor_, out.data() + done, wanted, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_io_error(errno, "read", path_);
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void File::pread_all(std::span<std::uint8_t> out, std::uint64_t offset) const {
  if (pread_some(out, offset) != out.size()) {
    throw FormatError(path_ + " ends before byte " + std::to_string(offset + out.size()));
  }
}

void File::pwrite_all(std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto wanted = std::min(bytes.size() - done, kTransferBytesMax);
    const auto put = ::pwrite(descriptor_, bytes.data() + done, wanted, static_cast<off_t>(offset + done));
    if (put < 0) {
      if (errno == EINTR) continue;
      throw_io_error(errno, "write", path_);
    }
    done += static_cast<std::size_t>(put);
  }
}

void File::fallocate(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  int result;
  do {
    result = ::posix_fallocate(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(length));
  } while (result == EINTR);
  if (result != 0) throw_io_error(result, "allocate space in", path_);
}

void File::truncate(std::uint64_t size) {
  int result;
  do {
    result = ::ftruncate(descriptor_, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw_io_error(errno, "truncate", path_);
}

void File::fdatasync() {
  if (::fdatasync(descriptor_) != 0) throw_io_error(errno, "sync", path_);
}

void File::fsync() {
  if (::fsync(descriptor_) != 0) throw_io_error(errno, "sync", path_);
}

void File::close() {
  if (descriptor_ < 0) return;
  // The descriptor is gone whatever close says, EINTR included (Linux), so it is never closed again.
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) throw_io_error(errno, "close", path_);
}

std::vector<std::uint8_t> read_file(const std::string& path, std::uint64_t limit_bytes) {
  const File file = File::open_read(path);
  const std::uint64_t size = file.size();
  if (size > limit_bytes) {
    throw FormatError(path + " has " + std::to_string(size) + " bytes, more than the " + std::to_string(limit_bytes) +
                      " that it may have");
  }
  std::vector<std::uint8_t> bytes(size);
  file.pread_all(bytes, 0);
  return bytes;
}

void write_file_atomic(const std::string& path, std::span<const std::uint8_t> bytes) {
  const std::string temporary = path + ".tmp";
  File file = File::open_or_create(temporary);
  file.truncate(0);
  file.pwrite_all(bytes, 0);
  file.fsync();
  file.close();
  if (std::rename(temporary.c_str(), path.c_str()) != 0) throw_io_error(errno, "rename", temporary);
  sync_directory(parent_directory(path));
}

void write_file_atomic(const std::string& path, std::string_view text) {
  write_file_atomic(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace vdb
