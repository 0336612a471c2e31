import type { LogOptions } from '../engine/addon.js';

/** When a shard checkpoints, vacuums and makes its writers wait. */
export interface ShardPolicy {
  /** A shard that has unsaved operations and takes no more for this long is checkpointed. */
  readonly flushIntervalMs: number;
  /** A shard is checkpointed when its log grew by this much since the last time. */
  readonly checkpointLogBytes: number;
  /** Share of dead slots (0 to 1) above which the shard is compacted ... */
  readonly deletedThreshold: number;
  /** ... when more slots than this are dead. */
  readonly vacuumMinSlots: number;
  /** Operations that are logged and not yet applied; writers wait beyond either bound. */
  readonly queuedOperationsMax: number;
  readonly queuedBytesMax: number;
  /** How often a shard that ran out of space, or whose files failed, tries to save itself. */
  readonly retryIntervalMs: number;
  /** Rows on the disk are compared with their checksums once in this time ... */
  readonly scrubPassMs: number;
  /** ... at an even pace, though not slower than this; a pass that ends early is followed by rest. */
  readonly scrubBytesPerSecondMin: number;
  /** The shortest time between two pieces: a large shard reads more at a time, not more often. */
  readonly scrubPauseMs: number;
}

export const defaultShardPolicy: ShardPolicy = {
  flushIntervalMs: 5_000,
  checkpointLogBytes: 64 * 1024 * 1024,
  deletedThreshold: 0.2,
  vacuumMinSlots: 1_000,
  queuedOperationsMax: 1_024,
  queuedBytesMax: 64 * 1024 * 1024,
  retryIntervalMs: 1_000,
  scrubPassMs: 24 * 3_600_000,
  scrubBytesPerSecondMin: 64 * 1024,
  scrubPauseMs: 1_000,
};

/** `wal_capacity_mb` of the original; fdatasync before every acknowledgement. */
export const defaultLogOptions: LogOptions = {
  segmentBytes: 32 * 1024 * 1024,
  sync: 'always',
  syncIntervalMs: 200,
};
