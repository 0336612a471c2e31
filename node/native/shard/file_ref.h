// Files that a manifest names, with the crc of their content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vdb {

struct FileRef {
  std::string name;
  uint32_t crc = 0;
};

/** Reads a file of a checkpoint, whole; throws FormatError when its crc is not the manifest's. */
std::vector<uint8_t> read_verified(const std::string& directory, const FileRef& file);

}  // namespace vdb
