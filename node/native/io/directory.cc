#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "io/file.h"

namespace vdb {

void sync_directory(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_io_error(errno, "open", directory);
  const int result = ::fsync(descriptor);
  const int error_number = errno;
  ::close(descriptor);
  if (result != 0) throw_io_error(error_number, "sync", directory);
}

void create_directories(const std::string& directory) {
  if (directory.empty() || ::mkdir(directory.c_str(), 0755) == 0) {
    if (!directory.empty()) sync_directory(parent_directory(directory));
    return;
  }
  const int error_number = errno;
  if (error_number == EEXIST) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return;
    throw_io_error(ENOTDIR, "create", directory);
  }
  const std::string parent = parent_directory(directory);
  if (error_number != ENOENT || parent == directory) throw_io_error(error_number, "create", directory);
  create_directories(parent);
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) throw_io_error(errno, "create", directory);
  sync_directory(parent);
}

std::vector<std::string> list_directory(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entries(directory, error);
  while (!error && entries != std::filesystem::directory_iterator()) {
    names.push_back(entries->path().filename().string());
    entries.increment(error);
  }
  if (error) throw_io_error(error.value(), "list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

bool remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT) throw_io_error(errno, "remove", path);
  return false;
}

bool remove_directory(const std::string& directory) {
  std::error_code error;
  const auto removed = std::filesystem::remove_all(directory, error);
  if (error) throw_io_error(error.value(), "remove", directory);
  return removed > 0;
}

bool path_exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) throw_io_error(errno, "stat", path);
  return false;
}

std::string parent_directory(const std::string& path) {
  const auto last = path.find_last_not_of('/');
  if (last == std::string::npos) return path.empty() ? "." : "/";
  const auto slash = path.find_last_of('/', last);
  if (slash == std::string::npos) return ".";
  const auto end = path.find_last_not_of('/', slash);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

}  // namespace vdb
