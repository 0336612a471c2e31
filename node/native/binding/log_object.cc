#include "binding/log_object.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "binding/async.h"
#include "binding/blocking.h"
#include "binding/native_object.h"

namespace vdb {
namespace {

constexpr napi_type_tag kLogTag{0x8c1f6d20a7e94b35, 0x93d2b6f0417c8ea1};

using SharedLog = std::shared_ptr<Log>;

Napi::Value number_of(const Napi::CallbackInfo& info, std::uint64_t value) {
  return Napi::Number::New(info.Env(), static_cast<double>(value));
}

Napi::Value append(const Napi::CallbackInfo& info, const SharedLog& log) {
  if (!info[0].IsArray()) throw Napi::TypeError::New(info.Env(), "bodies must be an array");
  const auto bodies = info[0].As<Napi::Array>();
  std::vector<std::span<const std::uint8_t>> spans;
  spans.reserve(bodies.Length());
  for (std::uint32_t i = 0; i < bodies.Length(); ++i) spans.push_back(bytes_of(bodies[i]));
  return number_of(info, log->append(spans));
}

Napi::Value durable(const Napi::CallbackInfo& info, const SharedLog& log) {
  const std::uint64_t sequence = integer_of(info[0], "sequence");
  // A std::function copies what it holds, so the promise is shared; it is still settled once.
  auto completion = std::make_shared<Completion>(info.Env());
  Napi::Promise promise = completion->promise();
  log->when_durable(sequence, [completion](std::exception_ptr error) {
    if (error) {
      completion->reject(std::move(error));
    } else {
      completion->resolve();
    }
  });
  return promise;
}

Napi::Value records_to_js(Napi::Env env, std::vector<OwnedLogRecord> records) {
  Napi::Array list = Napi::Array::New(env, records.size());
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    Napi::Object record = Napi::Object::New(env);
    record["sequence"] = Napi::Number::New(env, static_cast<double>(records[i].sequence));
    record["body"] = buffer_of(env, std::move(records[i].body));
    list[i] = record;
  }
  return list;
}

Napi::Value read(const Napi::CallbackInfo& info, const SharedLog& log) {
  const std::uint64_t from = integer_of(info[0], "from");
  const std::uint64_t bytes_max = integer_of(info[1], "maxBytes");
  return run_blocking(info.Env(), [log, from, bytes_max] { return log->read(from, bytes_max); }, records_to_js);
}

Napi::Value truncate_before(const Napi::CallbackInfo& info, const SharedLog& log) {
  const std::uint64_t sequence = integer_of(info[0], "sequence");
  return run_blocking(info.Env(), [log, sequence] { log->truncate_before(sequence); });
}

Napi::Value close(const Napi::CallbackInfo& info, const SharedLog& log) {
  return run_blocking(info.Env(), [log] { log->close(); });
}

Napi::Value to_js(Napi::Env env, const SharedLog& log) {
  Napi::Object object = Napi::Object::New(env);
  add_method(object, "append", log, append);
  add_method(object, "durable", log, durable);
  add_method(object, "read", log, read);
  add_method(object, "truncateBefore", log, truncate_before);
  add_method(object, "close", log, close);
  add_getter(object, "lastSequence", log, [](const Napi::CallbackInfo& info, const SharedLog& open) {
    return number_of(info, open->last_sequence());
  });
  add_getter(object, "firstSequence", log, [](const Napi::CallbackInfo& info, const SharedLog& open) {
    return number_of(info, open->first_sequence());
  });
  add_getter(object, "sizeBytes", log, [](const Napi::CallbackInfo& info, const SharedLog& open) {
    return number_of(info, open->size_bytes());
  });
  put_inside(object, log, kLogTag);
  return object;
}

LogOptions log_options_of(const Napi::Value& value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "options must be an object");
  const auto object = value.As<Napi::Object>();
  LogOptions options;
  options.segment_bytes = integer_of(object.Get("segmentBytes"), "segmentBytes");
  const std::string sync = object.Get("sync").ToString();
  if (sync != "always" && sync != "interval") {
    throw Napi::TypeError::New(value.Env(), "sync must be always or interval");
  }
  options.sync = sync == "always" ? SyncMode::kAlways : SyncMode::kInterval;
  options.sync_interval = std::chrono::milliseconds(integer_of(object.Get("syncIntervalMs"), "syncIntervalMs"));
  const Napi::Value retain = object.Get("retainClosedSegments");
  if (!retain.IsUndefined()) {
    const std::uint64_t count = integer_of(retain, "retainClosedSegments");
    options.retain_closed_segments =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
  }
  return options;
}

Napi::Value open_log(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsString()) throw Napi::TypeError::New(info.Env(), "directory must be a string");
    return run_blocking(
        info.Env(),
        [directory = info[0].ToString().Utf8Value(), options = log_options_of(info[1])] {
          return Log::open(directory, options);
        },
        [](Napi::Env env, SharedLog log) -> Napi::Value { return to_js(env, log); });
  });
}

}  // namespace

void init_log(Napi::Env env, Napi::Object exports) { exports["openLog"] = Napi::Function::New(env, open_log, "openLog"); }

std::shared_ptr<Log> log_of(const Napi::Value& value) {
  return take_inside<Log>(value, kLogTag, "a log of this engine is expected");
}

}  // namespace vdb
