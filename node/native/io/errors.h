#pragma once

#include <stdexcept>
#include <string>

namespace vdb {

/**
 * A system call failed. `what()` is a sentence with the operation, the path and the reason, fit for
 * an answer to a client.
 */
class IoError : public std::runtime_error {
 public:
  IoError(int error_number, std::string operation, std::string path);

  int error_number() const noexcept { return error_number_; }
  const std::string& operation() const noexcept { return operation_; }
  const std::string& path() const noexcept { return path_; }
  /** The disk or a quota is full: the one failure after which it makes sense to wait and try again. */
  bool no_space() const noexcept;

 private:
  int error_number_;
  std::string operation_;
  std::string path_;
};

/** What was asked for is not there (ENOENT). */
class NotFound : public IoError {
 public:
  NotFound(std::string operation, std::string path);
};

/** Throws NotFound for ENOENT and IoError for every other error number. */
[[noreturn]] void throw_io_error(int error_number, std::string operation, std::string path);

/** Bytes do not verify, end too early, or have a format version that this build does not know. */
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** The bytes of a request are not what the format asks for; the message names the field. */
class BadRequest : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** As BadRequest, for JSON that does not parse. */
class BadJson : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** A point that a request names does not exist; the message names it. */
class PointNotFound : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** The object was closed, or is closing. */
class Closed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace vdb
