#pragma once

#include "fields/field_condition.h"
#include "json/path.h"

namespace vdb {

/**
 * Whether the values at `path` in `root` meet a condition, by looking at them. With `uuids`, texts
 * that spell the same UUID are equal, as they are to a UUID index.
 */
bool meets(const JsonValue& root, const JsonPath& path, const FieldCondition& condition, bool uuids);

}  // namespace vdb
