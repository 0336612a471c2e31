/**
 * Drives the transfers of the shards that this node leads: one task for each, begun and ended by comparing with
 * the metadata, so a restart and a change of the leader are nothing special.
 */
import type { MetadataFollower } from '../collection/metadata-follower.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import { drivenTransfers, endedActive, transferKey, type DrivenTransfer } from './driven-transfers.js';
import { TaskEnded } from './task-end.js';
import type { TransferContext } from './transfer-options.js';
import { TransferTask, type TransferProgress } from './transfer-task.js';

interface Running {
  readonly task: TransferTask;
  readonly ended: Promise<void>;
}

export interface TransferProgresses {
  /** null: this node does not drive the transfer, or not yet. */
  progress(collection: number, transfer: number): TransferProgress | null;
}

/** A replica of a shard that this node leads. */
export interface LedReplica {
  readonly collection: number;
  readonly name: string;
  readonly shard: number;
  readonly peer: number;
}

export class TransferDriver implements MetadataFollower, TransferProgresses {
  readonly #context: TransferContext;
  /** Told of targets that became Active although the copy of this node had not come to its end: of a late leader. */
  readonly #onUnverified: (replica: LedReplica) => void;
  readonly #running = new Map<string, Running>();
  #stopped = false;

  constructor(context: TransferContext, onUnverified: (replica: LedReplica) => void) {
    this.#context = context;
    this.#onUnverified = onUnverified;
  }

  progress(collection: number, transfer: number): TransferProgress | null {
    return this.#running.get(`${collection}/${transfer}`)?.task.progress ?? null;
  }

  conform(state: MetadataState): void {
    if (this.#stopped) return;
    const wanted = new Map(
      drivenTransfers(state, this.#context.consensus.self).map((driven) => [transferKey(driven), driven]),
    );
    for (const [key, { task }] of this.#running) if (!wanted.has(key)) task.end();
    for (const [key, driven] of wanted) {
      if (this.#running.size >= this.#context.limits.drivenAtOnce) return;
      if (!this.#running.has(key)) this.#start(key, driven);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [...this.#running.values()];
    for (const { task } of running) task.end();
    await Promise.all(running.map(({ ended }) => ended));
  }

  #start(key: string, driven: DrivenTransfer): void {
    const task = new TransferTask(driven, this.#context);
    const ended = task.run().then(
      () => this.#noteEnded(key, driven, task),
      (error: unknown) => {
        if (!(error instanceof TaskEnded)) throw error;
        this.#noteEnded(key, driven, task);
      },
    );
    this.#running.set(key, { task, ended });
  }

  #noteEnded(key: string, driven: DrivenTransfer, { copied }: TransferTask): void {
    this.#running.delete(key);
    const { state } = this.#context.consensus;
    const { collection, name, transfer } = driven;
    if (!copied && endedActive(state, driven)) {
      this.#onUnverified({ collection, name, shard: transfer.shard, peer: transfer.to });
    }
    // Another may have waited for its turn, or the leadership came back while this one ended.
    this.conform(state);
  }
}
