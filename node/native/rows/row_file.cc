#include "rows/row_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "io/bytes.h"
#include "io/crc32c.h"

namespace vdb {

namespace {

constexpr std::size_t kChecked = 16;

std::uint64_t offset_of(std::uint64_t row, std::size_t row_bytes) { return RowFile::kHeaderBytes + row * row_bytes; }

/** Steps of growth: small for small files, at most 64 MiB, so that little is allocated in vain. */
std::uint64_t growth(std::uint64_t size) { return std::clamp<std::uint64_t>(size / 8, 256 << 10, 64 << 20); }

}  // namespace

RowFile::RowFile(std::string path, const RowSpec& spec, std::uint32_t rows)
    : path_(std::move(path)), spec_(spec), row_bytes_(spec.row_bytes()) {
  if (rows == 0) return;
  file_ = File::open_write(path_);
  verify_header();
  const std::uint64_t size = file_.size();
  if (size < offset_of(rows, row_bytes_))
    throw FormatError(path_ + " is too short: it should hold " + std::to_string(rows) + " rows");
  allocated_.store(size, std::memory_order_relaxed);
  map_rows(rows);
}

RowFile::~RowFile() {
  for (std::size_t chunk = 0; chunk < mapped_.size(); chunk++)
    if (mapped_[chunk] != nullptr) munmap(mapped_[chunk], chunks::size_of(chunk) * row_bytes_);
}

void RowFile::verify_header() const {
  std::vector<std::uint8_t> header(kChecked + 4);
  file_.pread_all(header, 0);
  ByteReader reader(header);
  const auto magic = reader.raw(4);
  const std::uint16_t version = reader.u16();
  const std::uint16_t type = reader.u16();
  const std::uint32_t dimension = reader.u32();
  const std::uint32_t row_bytes = reader.u32();
  if (!std::equal(magic.begin(), magic.end(), "VROW")) throw FormatError(path_ + " is not a row file");
  if (reader.u32() != crc32c(std::span(header).first(kChecked))) throw FormatError(path_ + " has a damaged header");
  if (version != kVersion)
    throw FormatError(path_ + " has format version " + std::to_string(version) + ", this build knows " +
                      std::to_string(kVersion));
  if (type != static_cast<std::uint16_t>(spec_.type) || dimension != spec_.dimension || row_bytes != row_bytes_)
    throw FormatError(path_ + " holds rows of another type or dimension than the collection has");
}

void RowFile::create() {
  File file = File::open_or_create(path_);
  // What an earlier run left without a checkpoint may have another header and any rows.
  file.truncate(0);
  file.fallocate(0, growth(0));
  ByteWriter header(kHeaderBytes);
  header.raw(std::string_view("VROW"));
  header.u16(kVersion);
  header.u16(static_cast<std::uint16_t>(spec_.type));
  header.u32(spec_.dimension);
  header.u32(static_cast<std::uint32_t>(row_bytes_));
  header.u32(crc32c(header.view()));
  file.pwrite_all(header.view(), 0);
  allocated_.store(growth(0), std::memory_order_relaxed);
  file_ = std::move(file);
}

void RowFile::allocate(std::uint64_t end) {
  const std::uint64_t size = allocated_.load(std::memory_order_relaxed);
  if (end <= size) return;
  const std::uint64_t target = std::max(end, size + growth(size));
  try {
    file_.fallocate(size, target - size);
    allocated_.store(target, std::memory_order_relaxed);
  } catch (const IoError& error) {
    // A nearly full disk may still have room for what is needed now.
    if (!error.no_space() || target == end) throw;
    file_.fallocate(size, end - size);
    allocated_.store(end, std::memory_order_relaxed);
  }
}

void RowFile::map_rows(std::uint64_t count) {
  while (mapped_rows_ < count) {
    const std::size_t chunk = chunks::chunk_of(static_cast<std::uint32_t>(mapped_rows_));
    const std::uint64_t first = chunks::first_of(chunk);
    // The mapping may reach past the end of the file: only rows that are written are ever read.
    void* memory = mmap(nullptr, chunks::size_of(chunk) * row_bytes_, PROT_READ, MAP_SHARED, file_.descriptor(),
                        static_cast<off_t>(offset_of(first, row_bytes_)));
    if (memory == MAP_FAILED) throw_io_error(errno, "map", path_);
    mapped_[chunk] = memory;
    shifted_[chunk].store(reinterpret_cast<std::uintptr_t>(memory) - first * row_bytes_, std::memory_order_relaxed);
    mapped_rows_ = first + chunks::size_of(chunk);
  }
}

void RowFile::write(std::uint32_t first, std::span<const std::uint8_t> bytes) {
  if (!file_.is_open()) create();
  const std::uint64_t start = offset_of(first, row_bytes_);
  allocate(start + bytes.size());
  map_rows(first + bytes.size() / row_bytes_);
  file_.pwrite_all(bytes, start);
}

void RowFile::read(std::uint32_t first, std::span<std::uint8_t> out) const {
  file_.pread_all(out, offset_of(first, row_bytes_));
}

void RowFile::sync() {
  if (file_.is_open()) file_.fdatasync();
}

std::uint32_t RowFile::block_crc(std::uint32_t block) const {
  std::vector<std::uint8_t> bytes(kBlockBytes);
  file_.pread_all(bytes, kHeaderBytes + std::uint64_t{block} * kBlockBytes);
  return crc32c(bytes);
}

}  // namespace vdb
