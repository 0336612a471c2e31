#pragma once

#include <napi.h>

#include "shard/shard.h"

// Shard requests and answers between JavaScript values (addon.ts) and C++. What has a wrong type
// throws a TypeError that names the field: these come from our own TypeScript.

namespace vdb {

/** Without pool, store and log. */
ShardOptions shard_options_of(const Napi::Value& value);
ShardSchema shard_schema_of(const Napi::Value& value);
SearchQuery search_query_of(const Napi::Value& value);
ScrollQuery scroll_query_of(const Napi::Value& value);
Napi::Value scroll_page_to_js(Napi::Env env, ScrollPage page);
/** Two encoded ids, or null for no bound. Throws BadRequest: they may come from a peer. */
IdRange id_range_of(const Napi::Value& after, const Napi::Value& to);
/** `field` is the name of its bytes. */
Napi::Value range_part_to_js(Napi::Env env, RangePart part, const char* field);
Napi::Value shard_info_to_js(Napi::Env env, const ShardInfo& info);

}  // namespace vdb
