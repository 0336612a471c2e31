#include "io/errors.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace vdb {
namespace {

std::string sentence(int error_number, const std::string& operation, const std::string& path) {
  return operation + " " + path + ": " + std::generic_category().message(error_number) + " (errno " +
         std::to_string(error_number) + ")";
}

}  // namespace

IoError::IoError(int error_number, std::string operation, std::string path)
    : std::runtime_error(sentence(error_number, operation, path)),
      error_number_(error_number),
      operation_(std::move(operation)),
      path_(std::move(path)) {}

bool IoError::no_space() const noexcept { return error_number_ == ENOSPC || error_number_ == EDQUOT; }

NotFound::NotFound(std::string operation, std::string path) : IoError(ENOENT, std::move(operation), std::move(path)) {}

void throw_io_error(int error_number, std::string operation, std::string path) {
  if (error_number == ENOENT) throw NotFound(std::move(operation), std::move(path));
  throw IoError(error_number, std::move(operation), std::move(path));
}

}  // namespace vdb
