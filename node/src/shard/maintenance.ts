import type { NativeLog, NativeShard } from '../engine/addon.js';
import { engineErrorCode } from '../engine/engine-error.js';
import { RowScrub } from './row-scrub.js';
import type { ShardPolicy } from './shard-policy.js';

export type MaintenanceTask = 'checkpoint' | 'vacuum' | 'scrub';

type ReportFailure = (task: MaintenanceTask, error: Error) => void;

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Decides when a shard is checkpointed, compacted and scrubbed. It holds a timer only while there is something
 * to save or to try again, and the scrub one only where there are rows to read: an empty shard costs nothing.
 */
export class Maintenance {
  readonly #log: NativeLog;
  readonly #native: NativeShard;
  readonly #report: ReportFailure;
  readonly #scrub: RowScrub;
  #policy: ShardPolicy;
  #timer: NodeJS.Timeout | null = null;
  #dueMs = 0;
  /** One checkpoint at a time, and beside it one vacuum: a long one must not let the log grow. */
  #checkpointRunning: Promise<void> = Promise.resolve();
  #vacuumRunning: Promise<boolean> | null = null;
  #checkpointQueued: Promise<void> | null = null;
  #logBytesAtCheckpoint = 0;
  #appliedAtMs = 0;
  #stopped = false;

  constructor(log: NativeLog, native: NativeShard, policy: ShardPolicy, report: ReportFailure) {
    this.#log = log;
    this.#native = native;
    this.#policy = policy;
    this.#report = report;
    this.#scrub = new RowScrub(native, policy, (error) => report('scrub', asError(error)));
  }

  get vacuuming(): boolean {
    return this.#vacuumRunning !== null;
  }

  /** A shard that replayed something when it was opened saves it like anything else. */
  start(): void {
    this.#logBytesAtCheckpoint = this.#log.sizeBytes;
    if (this.#dirty()) this.noteApplied();
    this.#scrub.wake();
  }

  updatePolicy(policy: Partial<ShardPolicy>): void {
    this.#policy = { ...this.#policy, ...policy };
  }

  noteApplied(): void {
    this.#appliedAtMs = performance.now();
    if (this.#log.sizeBytes - this.#logBytesAtCheckpoint > this.#policy.checkpointLogBytes) {
      // Taken at once, so that the next operations do not ask again while this one waits.
      this.#logBytesAtCheckpoint = this.#log.sizeBytes;
      this.#runInBackground('checkpoint');
    }
    this.#arm(this.#policy.flushIntervalMs);
  }

  /** After a failure for lack of space: the engine is asked to catch up and save. */
  retrySoon(): void {
    this.#arm(this.#policy.retryIntervalMs);
  }

  /** Calls that arrive while one waits for its turn share it. */
  checkpoint(): Promise<void> {
    if (this.#checkpointQueued !== null) return this.#checkpointQueued;
    const queued = this.#checkpointRunning.then(async () => {
      this.#checkpointQueued = null;
      const logBytes = this.#log.sizeBytes;
      await this.#native.checkpoint();
      this.#logBytesAtCheckpoint = Math.min(logBytes, this.#log.sizeBytes);
      this.#scrub.wake();
    });
    this.#checkpointQueued = queued;
    this.#checkpointRunning = queued.then(
      () => undefined,
      () => undefined,
    );
    return queued;
  }

  /** Calls that arrive while one runs share it. */
  vacuum(): Promise<boolean> {
    const { deletedThreshold, vacuumMinSlots } = this.#policy;
    this.#vacuumRunning ??= this.#native.vacuum(deletedThreshold, vacuumMinSlots).finally(() => {
      this.#vacuumRunning = null;
      this.#scrub.wake();
    });
    return this.#vacuumRunning;
  }

  /** Nothing starts afterwards. Waits for a checkpoint that runs; a vacuum is given up by the engine's close. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#clearTimer();
    this.#scrub.stop();
    await this.#checkpointRunning;
  }

  #dirty(): boolean {
    const info = this.#native.info();
    return info.sequence !== info.checkpointSequence;
  }

  #vacuumIsDue(): boolean {
    const { deletedThreshold, vacuumMinSlots } = this.#policy;
    const tooMany = (dead: number, all: number): boolean => dead > vacuumMinSlots && dead > all * deletedThreshold;
    const { slots, deletedSlots, vectors } = this.#native.info();
    return tooMany(deletedSlots, slots) || vectors.some(({ deadRows, rows }) => tooMany(deadRows, rows));
  }

  /** One timer serves all; an earlier time replaces a later one. */
  #arm(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    if (this.#stopped || (this.#timer !== null && this.#dueMs <= dueMs)) return;
    this.#clearTimer();
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => this.#tick(), delayMs);
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    this.#timer = null;
    if (this.#stopped) return;
    const quietMs = performance.now() - this.#appliedAtMs;
    const readOnly = this.#native.readOnly() !== null;
    if (!readOnly && quietMs < this.#policy.flushIntervalMs) {
      // Writes go on: the growth of the log decides, and this timer waits for the pause after them.
      this.#vacuumIfDue();
      this.#arm(this.#policy.flushIntervalMs - quietMs);
      return;
    }
    this.#runInBackground('checkpoint');
    this.#vacuumIfDue();
  }

  #vacuumIfDue(): void {
    if (this.#vacuumRunning === null && this.#vacuumIsDue()) this.#runInBackground('vacuum');
  }

  #runInBackground(task: 'checkpoint' | 'vacuum'): void {
    if (this.#stopped) return;
    const work: Promise<unknown> = task === 'checkpoint' ? this.checkpoint() : this.vacuum();
    work.then(
      () => {
        if (!this.#stopped && this.#dirty()) this.#arm(this.#policy.flushIntervalMs);
      },
      (error: unknown) => {
        const code = engineErrorCode(error);
        if (code === 'CLOSED') return;
        this.#report(task, asError(error));
        // A vacuum without space is due again when something was written since.
        if (code === 'NO_SPACE' && task === 'checkpoint') this.#arm(this.#policy.retryIntervalMs);
      },
    );
  }
}
