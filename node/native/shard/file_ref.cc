#include "shard/file_ref.h"

#include "io/crc32c.h"
#include "io/file.h"

namespace vdb {

std::vector<uint8_t> read_verified(const std::string& directory, const FileRef& file) {
  const std::string path = directory + "/" + file.name;
  std::vector<uint8_t> bytes = read_file(path, uint64_t{1} << 40);
  if (crc32c(bytes) != file.crc) throw FormatError(path + " does not verify against its manifest");
  return bytes;
}

}  // namespace vdb
