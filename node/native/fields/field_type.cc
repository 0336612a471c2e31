#include "fields/field_type.h"

#include <string>

#include "io/errors.h"

namespace vdb {

FieldType field_type_from(std::uint8_t value) {
  if (value < static_cast<std::uint8_t>(FieldType::kKeyword) || value > static_cast<std::uint8_t>(FieldType::kUuid)) {
    throw FormatError("unknown type of field index: " + std::to_string(value));
  }
  return static_cast<FieldType>(value);
}

std::string_view to_string(FieldType type) {
  switch (type) {
    case FieldType::kKeyword:
      return "keyword";
    case FieldType::kInteger:
      return "integer";
    case FieldType::kFloat:
      return "float";
    case FieldType::kBool:
      return "bool";
    case FieldType::kUuid:
      return "uuid";
  }
  return "";
}

}  // namespace vdb
