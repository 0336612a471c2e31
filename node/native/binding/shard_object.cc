#include "binding/shard_object.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "binding/async.h"
#include "binding/blocking.h"
#include "binding/log_object.h"
#include "binding/native_object.h"
#include "binding/shard_values.h"
#include "binding/store_object.h"
#include "shard/maintenance_threads.h"
#include "shard/shard.h"

namespace vdb {

namespace {

using SharedShard = std::shared_ptr<Shard>;

std::vector<uint8_t> copy_of(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

/** As run_async, in the order of the shard's strand. */
template <class Work, class Convert>
Napi::Promise run_on_strand(Napi::Env env, const SharedShard& shard, Work work, Convert convert) {
  Completion completion(env);
  Napi::Promise promise = completion.promise();
  shard->strand().submit([completion = std::move(completion), work = std::move(work), convert]() mutable {
    settle_by(completion, work, convert);
  });
  return promise;
}

/** As run_blocking, on the thread of vacuums, so that a long one holds up no checkpoint. */
template <class Work, class Convert>
Napi::Promise run_as_vacuum(Napi::Env env, Work work, Convert convert) {
  Completion completion(env);
  Napi::Promise promise = completion.promise();
  run_maintenance(MaintenanceKind::kVacuum, [completion = std::move(completion), work = std::move(work), convert]() mutable {
    settle_by(completion, work, convert);
  });
  return promise;
}

Napi::Value to_undefined(Napi::Env env, bool) { return env.Undefined(); }
Napi::Value to_boolean(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }
Napi::Value to_buffer(Napi::Env env, std::vector<uint8_t> bytes) { return buffer_of(env, std::move(bytes)); }

Napi::Promise apply(const Napi::CallbackInfo& info, const SharedShard& shard) {
  const uint64_t sequence = integer_of(info[0], "sequence");
  return run_on_strand(
      info.Env(), shard,
      [shard, sequence, operation = copy_of(bytes_of(info[1]))] { return shard->apply(sequence, operation); },
      [](Napi::Env env, ApplyOutcome outcome) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["missing"] =
            outcome.missing.has_value() ? Napi::String::New(env, to_string(*outcome.missing)) : Napi::Value(env.Null());
        return object;
      });
}

Napi::Promise resolve(const Napi::CallbackInfo& info, const SharedShard& shard) {
  return run_on_strand(
      info.Env(), shard, [shard, filter = copy_of(bytes_of(info[0]))] { return shard->resolve(filter); }, to_buffer);
}

Napi::Promise search(const Napi::CallbackInfo& info, const SharedShard& shard) {
  return run_async(
      info.Env(), Priority::kSearch, [shard, query = search_query_of(info[0])] { return shard->search(query); }, to_buffer);
}

Napi::Promise retrieve(const Napi::CallbackInfo& info, const SharedShard& shard) {
  Selection selection{copy_of(bytes_of(info[1])), copy_of(bytes_of(info[2]))};
  return run_async(
      info.Env(), Priority::kSearch,
      [shard, ids = copy_of(bytes_of(info[0])), selection = std::move(selection)] { return shard->retrieve(ids, selection); },
      to_buffer);
}

Napi::Promise scroll(const Napi::CallbackInfo& info, const SharedShard& shard) {
  return run_async(
      info.Env(), Priority::kSearch, [shard, query = scroll_query_of(info[0])] { return shard->scroll(query); }, scroll_page_to_js);
}

Napi::Promise count(const Napi::CallbackInfo& info, const SharedShard& shard) {
  std::optional<std::vector<uint8_t>> filter;
  if (const auto bytes = optional_bytes_of(info[0])) filter = copy_of(*bytes);
  const bool exact = info[1].ToBoolean();
  return run_async(
      info.Env(), Priority::kSearch, [shard, filter = std::move(filter), exact] { return shard->count(filter, exact); },
      [](Napi::Env env, uint64_t count) -> Napi::Value { return Napi::Number::New(env, static_cast<double>(count)); });
}

size_t range_limit_of(const Napi::Value& value) {
  const uint64_t limit = integer_of(value, "limit");
  // Who goes on behind the last point would never get on.
  if (limit == 0) throw Napi::TypeError::New(value.Env(), "limit must be at least 1");
  return limit;
}

Napi::Promise export_range(const Napi::CallbackInfo& info, const SharedShard& shard) {
  const IdRange range = id_range_of(info[0], info[1]);
  const size_t limit = range_limit_of(info[2]);
  return run_async(
      info.Env(), Priority::kApply, [shard, range, limit] { return shard->export_range(range, limit); },
      [](Napi::Env env, RangePart part) { return range_part_to_js(env, std::move(part), "operation"); });
}

Napi::Promise digest_range(const Napi::CallbackInfo& info, const SharedShard& shard) {
  const IdRange range = id_range_of(info[0], info[1]);
  const size_t limit = range_limit_of(info[2]);
  return run_async(
      info.Env(), Priority::kApply, [shard, range, limit] { return shard->digest_range(range, limit); },
      [](Napi::Env env, RangePart part) { return range_part_to_js(env, std::move(part), "digest"); });
}

Napi::Promise ids_in_range(const Napi::CallbackInfo& info, const SharedShard& shard) {
  const IdRange range = id_range_of(info[0], info[1]);
  return run_async(
      info.Env(), Priority::kApply, [shard, range] { return shard->ids_in_range(range); }, to_buffer);
}

Napi::Promise checkpoint(const Napi::CallbackInfo& info, const SharedShard& shard) {
  return run_blocking(info.Env(), [shard] { shard->checkpoint(); });
}

Napi::Promise update_schema(const Napi::CallbackInfo& info, const SharedShard& shard) {
  return run_on_strand(
      info.Env(), shard, [shard, schema = shard_schema_of(info[0])] { return shard->update_schema(schema), true; },
      to_undefined);
}

Napi::Promise vacuum(const Napi::CallbackInfo& info, const SharedShard& shard) {
  const double threshold = info[0].ToNumber().DoubleValue();
  const uint64_t minimum = integer_of(info[1], "minimumSlots");
  return run_as_vacuum(
      info.Env(), [shard, threshold, minimum] { return shard->vacuum(threshold, minimum); }, to_boolean);
}

Napi::Promise scrub(const Napi::CallbackInfo& info, const SharedShard& shard) {
  const uint64_t bytes_max = integer_of(info[0], "maxBytes");
  return run_async(
      info.Env(), Priority::kScrub, [shard, bytes_max] { return shard->scrub(bytes_max); },
      [](Napi::Env env, ScrubProgress progress) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object["scanned"] = Napi::Number::New(env, static_cast<double>(progress.scanned_bytes));
        object["finished"] = Napi::Boolean::New(env, progress.finished);
        return object;
      });
}

Napi::Promise close(const Napi::CallbackInfo& info, const SharedShard& shard) {
  return run_blocking(info.Env(), [shard] { shard->close(); });
}

Napi::Value to_js(Napi::Env env, const SharedShard& shard) {
  Napi::Object object = Napi::Object::New(env);
  add_method(object, "apply", shard, apply);
  add_method(object, "resolve", shard, resolve);
  add_method(object, "search", shard, search);
  add_method(object, "retrieve", shard, retrieve);
  add_method(object, "scroll", shard, scroll);
  add_method(object, "count", shard, count);
  add_method(object, "exportRange", shard, export_range);
  add_method(object, "digestRange", shard, digest_range);
  add_method(object, "idsInRange", shard, ids_in_range);
  add_method(object, "checkpoint", shard, checkpoint);
  add_method(object, "updateSchema", shard, update_schema);
  add_method(object, "vacuum", shard, vacuum);
  add_method(object, "scrub", shard, scrub);
  add_method(object, "blockBytes", shard, [](const Napi::CallbackInfo& info, const SharedShard& open) -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(open->block_bytes()));
  });
  add_method(object, "close", shard, close);
  add_method(object, "readOnly", shard, [](const Napi::CallbackInfo& info, const SharedShard& open) -> Napi::Value {
    const auto reason = open->read_only();
    return reason.has_value() ? Napi::Value(Napi::String::New(info.Env(), *reason)) : info.Env().Null();
  });
  add_method(object, "points", shard, [](const Napi::CallbackInfo& info, const SharedShard& open) -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(open->points()));
  });
  add_method(object, "info", shard, [](const Napi::CallbackInfo& info, const SharedShard& open) -> Napi::Value {
    return shard_info_to_js(info.Env(), open->info());
  });
  return object;
}

Napi::Value open_shard(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    ShardOptions options = shard_options_of(info[0]);
    const Napi::Object object = info[0].As<Napi::Object>();
    options.pool = shared_pool();
    options.store = store_of(object.Get("store"));
    options.log = log_of(object.Get("log"));
    return run_blocking(
        info.Env(), [options = std::move(options)] { return Shard::open(options); },
        [](Napi::Env env, SharedShard shard) -> Napi::Value { return to_js(env, shard); });
  });
}

}  // namespace

void init_shard(Napi::Env env, Napi::Object exports) {
  exports["openShard"] = Napi::Function::New(env, open_shard, "openShard");
  static std::atomic<unsigned> environments{0};
  environments.fetch_add(1);
  // Hooks run last registered first: the pool, which running maintenance needs, is stopped after this.
  env.AddCleanupHook([] {
    if (environments.fetch_sub(1) == 1) stop_maintenance();
  });
}

}  // namespace vdb
