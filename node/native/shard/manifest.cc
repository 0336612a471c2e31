#include "shard/manifest.h"

#include <charconv>
#include <limits>

#include "io/crc32c.h"
#include "io/file.h"
#include "json/value.h"

namespace vdb {

namespace {

constexpr uint64_t kFormat = 1;
constexpr std::string_view kCrcLine = "crc32c ";
constexpr size_t kCrcDigits = 8;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string hex(uint32_t value) {
  std::string digits(kCrcDigits, '0');
  for (size_t i = 0; i < kCrcDigits; i++) digits[kCrcDigits - 1 - i] = "0123456789abcdef"[value >> (4 * i) & 15];
  return digits;
}

std::string json_file(const FileRef& file) {
  // Names are made here, from digits, letters and dots, so nothing in them wants an escape.
  return "{\"name\":\"" + file.name + "\",\"crc\":" + std::to_string(file.crc) + "}";
}

std::string json_clocks(const std::vector<ManifestClock>& clocks) {
  std::string out = "[";
  for (const ManifestClock& clock : clocks) {
    if (out.size() > 1) out += ",";
    out += "{\"peer\":" + std::to_string(clock.peer) + ",\"clock\":" + std::to_string(clock.clock) +
           ",\"tick\":" + std::to_string(clock.tick) + "}";
  }
  return out + "]";
}

std::string json_vector(const ManifestVector& vector) {
  std::string out = "{\"index\":" + std::to_string(vector.index) + ",\"rows\":" + std::to_string(vector.rows) +
                    ",\"rowFile\":\"" + vector.row_file + "\",\"graph\":";
  if (!vector.graph.has_value()) return out + "null}";
  return out + "{\"file\":" + json_file(vector.graph->file) + ",\"rows\":" + std::to_string(vector.graph->rows) + "}}";
}

/** Reads members of an object; everything that is not as expected is a FormatError with the path of the file. */
class ManifestReader {
 public:
  ManifestReader(const JsonValue& object, const std::string& path) : object_(object), path_(path) {
    if (object.kind() != JsonKind::kObject) fail("an object is missing");
  }

  JsonValue member(std::string_view name) const {
    JsonValue found = object_;
    if (!find_member(object_, name, found)) fail("the field " + std::string(name) + " is missing");
    return found;
  }
  ManifestReader object(std::string_view name) const { return {member(name), path_}; }
  std::string string(std::string_view name) const {
    const JsonValue value = member(name);
    if (value.kind() != JsonKind::kString) fail("the field " + std::string(name) + " is not a string");
    return value.string();
  }
  template <class T>
  T integer(std::string_view name) const {
    const JsonValue value = member(name);
    if (value.kind() == JsonKind::kNumber) {
      const Number number = value.number();
      uint64_t wide = std::numeric_limits<uint64_t>::max();
      if (const auto* i = std::get_if<int64_t>(&number); i != nullptr && *i >= 0) wide = static_cast<uint64_t>(*i);
      if (const auto* u = std::get_if<uint64_t>(&number)) wide = *u;
      if (wide <= std::numeric_limits<T>::max()) return static_cast<T>(wide);
    }
    fail("the field " + std::string(name) + " is not an integer in range");
  }
  FileRef file(std::string_view name) const {
    const ManifestReader reader = object(name);
    FileRef file{reader.string("name"), reader.integer<uint32_t>("crc")};
    if (file.name.empty() || file.name.find('/') != std::string::npos) fail("a file name is not one");
    return file;
  }
  template <class Visit>
  void each(std::string_view name, Visit&& visit) const {
    const JsonValue list = member(name);
    if (list.kind() != JsonKind::kArray) fail("the field " + std::string(name) + " is not an array");
    list.each_element([&](const JsonValue& element) {
      visit(ManifestReader(element, path_));
      return true;
    });
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw FormatError(path_ + ": " + what); }

  JsonValue object_;
  const std::string& path_;
};

std::vector<ManifestClock> read_clocks(const ManifestReader& clocks, std::string_view name) {
  std::vector<ManifestClock> out;
  clocks.each(name, [&](const ManifestReader& clock) {
    out.push_back({clock.integer<uint64_t>("peer"), clock.integer<uint32_t>("clock"), clock.integer<uint64_t>("tick")});
  });
  return out;
}

ManifestVector read_vector(const ManifestReader& reader) {
  ManifestVector vector;
  vector.index = reader.integer<uint16_t>("index");
  vector.rows = reader.integer<uint32_t>("rows");
  vector.row_file = reader.string("rowFile");
  if (!reader.member("graph").is_null()) {
    const ManifestReader graph = reader.object("graph");
    vector.graph = ManifestGraph{graph.file("file"), graph.integer<uint32_t>("rows")};
  }
  return vector;
}

/** The text without its last line, which holds the crc of all before it. */
std::string_view verified_text(std::string_view text, const std::string& path) {
  const size_t line = kCrcLine.size() + kCrcDigits + 1;
  if (text.size() > line) {
    const std::string_view body = text.substr(0, text.size() - line);
    if (text.substr(body.size()) == std::string(kCrcLine) + hex(crc32c(bytes_of(body))) + "\n") return body;
  }
  throw FormatError(path + " does not verify");
}

}  // namespace

std::string encode_manifest(const Manifest& manifest) {
  std::string out = "{\"format\":" + std::to_string(kFormat) + ",\"collection\":" + std::to_string(manifest.collection) +
                    ",\"shard\":" + std::to_string(manifest.shard) + ",\"generation\":" + std::to_string(manifest.generation) +
                    ",\"sequence\":" + std::to_string(manifest.sequence) + ",\"slots\":{\"count\":" +
                    std::to_string(manifest.slots) + ",\"live\":" + std::to_string(manifest.live) +
                    ",\"file\":" + json_file(manifest.slots_file) + "},\"fields\":" + json_file(manifest.fields_file) +
                    ",\"vectors\":[";
  for (size_t i = 0; i < manifest.vectors.size(); i++) out += (i == 0 ? "" : ",") + json_vector(manifest.vectors[i]);
  out += "],\"clocks\":{\"newest\":" + json_clocks(manifest.newest_clocks) +
         ",\"oldest\":" + json_clocks(manifest.oldest_clocks) + "}}\n";
  return out + std::string(kCrcLine) + hex(crc32c(bytes_of(out))) + "\n";
}

Manifest decode_manifest(std::string_view text, const std::string& path) {
  std::string_view body = verified_text(text, path);
  body.remove_suffix(1);
  const ManifestReader reader(JsonValue(body), path);
  const uint64_t format = reader.integer<uint64_t>("format");
  if (format != kFormat) {
    throw FormatError(path + " has format version " + std::to_string(format) + "; this build reads version " +
                      std::to_string(kFormat));
  }
  Manifest manifest;
  manifest.collection = reader.integer<uint64_t>("collection");
  manifest.shard = reader.integer<uint32_t>("shard");
  manifest.generation = reader.integer<uint32_t>("generation");
  manifest.sequence = reader.integer<uint64_t>("sequence");
  const ManifestReader slots = reader.object("slots");
  manifest.slots = slots.integer<uint32_t>("count");
  manifest.live = slots.integer<uint32_t>("live");
  manifest.slots_file = slots.file("file");
  manifest.fields_file = reader.file("fields");
  reader.each("vectors", [&](const ManifestReader& vector) { manifest.vectors.push_back(read_vector(vector)); });
  const ManifestReader clocks = reader.object("clocks");
  manifest.newest_clocks = read_clocks(clocks, "newest");
  manifest.oldest_clocks = read_clocks(clocks, "oldest");
  return manifest;
}

std::optional<Manifest> read_manifest(const std::string& directory) {
  const std::string path = directory + "/manifest";
  if (!path_exists(path)) return std::nullopt;
  constexpr uint64_t kManifestBytesMax = 64 << 20;
  const std::vector<uint8_t> bytes = read_file(path, kManifestBytesMax);
  return decode_manifest({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

void write_manifest(const std::string& directory, const Manifest& manifest) {
  write_file_atomic(directory + "/manifest", std::string_view(encode_manifest(manifest)));
}

}  // namespace vdb
