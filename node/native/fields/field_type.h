#pragma once

#include <cstdint>
#include <string_view>

namespace vdb {

/** The values are those of docs/internals/storage.md, operation 9. */
enum class FieldType : std::uint8_t { kKeyword = 1, kInteger = 2, kFloat = 3, kBool = 4, kUuid = 5 };

/** Throws FormatError for a value that is none of them. */
FieldType field_type_from(std::uint8_t value);
/** The API's name, for example `keyword`. */
std::string_view to_string(FieldType type);

}  // namespace vdb
