#include "binding/process_end.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "binding/async.h"
#include "binding/store_object.h"
#include "shard/maintenance_threads.h"

namespace vdb {
namespace {

bool on_main_thread() { return syscall(SYS_gettid) == getpid(); }

}  // namespace

void init_process_end(Napi::Env env) {
  // A worker's end is not that of the process; its hooks do run.
  if (!on_main_thread()) return;
  const auto end = Napi::Function::New(
      env,
      [](const Napi::CallbackInfo& info) {
        guarded(info.Env(), [&] {
          release_promises(info.Env());
          // Maintenance waits for tasks of the pool, so it goes first.
          stop_maintenance();
          stop_shared_pool();
          close_open_stores();
        });
      },
      "endEngine");
  const auto process = env.Global().Get("process").As<Napi::Object>();
  process.Get("on").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), end});
}

}  // namespace vdb
