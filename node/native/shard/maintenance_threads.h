// Threads of the process that may wait for a disk, for a strand, or for quanta in the pool.
//
// Opening, checkpoints and closing share two threads, so that a thousand shards that are saved at
// once do not make a thousand threads; vacuums, which may last for minutes and compute in the pool,
// take turns on one of their own.
#pragma once

#include "pool/task.h"

namespace vdb {

enum class MaintenanceKind { kCheckpoint, kVacuum };

/** Runs `work`, which must not throw, on such a thread. After stop_maintenance the work is destroyed unrun. */
void run_maintenance(MaintenanceKind kind, Task work);
/** The process ends: vacuums give up at their next step, and this waits for what runs. */
void stop_maintenance();
bool maintenance_is_stopping() noexcept;

}  // namespace vdb
