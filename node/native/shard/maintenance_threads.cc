#include "shard/maintenance_threads.h"

#include <atomic>
#include <utility>

#include "pool/thread_pool.h"

namespace vdb {

namespace {

struct Threads {
  // One background thread is the least that a pool has; nothing is given to it.
  ThreadPool checkpoints{2, 1};
  ThreadPool vacuums{1, 1};
  std::atomic<bool> stopping{false};
};

Threads& threads() {
  static Threads threads;
  return threads;
}

}  // namespace

void run_maintenance(MaintenanceKind kind, Task work) {
  ThreadPool& pool = kind == MaintenanceKind::kVacuum ? threads().vacuums : threads().checkpoints;
  pool.submit(Priority::kApply, std::move(work));
}

void stop_maintenance() {
  threads().stopping.store(true);
  threads().vacuums.stop();
  threads().checkpoints.stop();
}

bool maintenance_is_stopping() noexcept { return threads().stopping.load(); }

}  // namespace vdb
