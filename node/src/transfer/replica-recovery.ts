/**
 * Recovers the dead replicas of this node: proposes transfers to itself, one after the other in each collection,
 * and again after pauses that grow while it fails.
 */
import type { MetadataFollower } from '../collection/metadata-follower.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import { deadReplicas, plannedRecoveries, type PlannedRecovery, type RecoveryLimits } from './recovery-plan.js';
import { defaultRetryPauses, RetryPauses, type RetryPauseLimits } from './retry-pauses.js';
import { orEnded } from './task-end.js';
import type { TransferContext } from './transfer-options.js';

export interface ReplicaRecoveryOptions {
  readonly limits: RecoveryLimits;
  /** Whether the cluster has a leader, as far as this node knows. */
  readonly leaderKnown: () => boolean;
  readonly pauses?: RetryPauseLimits;
}

const leaderPauseMs = 500;

function keyOf({ collection, shard }: { readonly collection: number; readonly shard: number }): string {
  return `${collection}/${shard}`;
}

export class ReplicaRecovery implements MetadataFollower {
  readonly #context: TransferContext;
  readonly #options: ReplicaRecoveryOptions;
  readonly #pauses: RetryPauses<string>;
  readonly #stop = new AbortController();
  /** Collections for which something is being proposed. */
  readonly #proposing = new Map<number, Promise<void>>();
  /** Replicas of this node with a transfer to them, when it was looked last. */
  readonly #running = new Set<string>();
  #takeBack: (() => void) | null = null;

  constructor(context: TransferContext, options: ReplicaRecoveryOptions) {
    this.#context = context;
    this.#options = options;
    this.#pauses = new RetryPauses(options.pauses ?? defaultRetryPauses, context.random);
  }

  conform(state: MetadataState): void {
    if (this.#stop.signal.aborted) return;
    this.#takeBack?.();
    this.#takeBack = null;
    this.#noteOutcomes(state);
    const { self } = this.#context.consensus;
    if (deadReplicas(state, self).length === 0) return;
    if (!this.#options.leaderKnown()) {
      this.#lookAgain(leaderPauseMs);
      return;
    }
    const nowMs = this.#context.clock.now();
    const planned = plannedRecoveries(state, self, this.#options.limits, (replica) =>
      this.#pauses.isDue(keyOf(replica), nowMs),
    );
    for (const recovery of planned) this.#begin(recovery);
    this.#lookWhenDue(state, nowMs);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#takeBack?.();
    await Promise.all(this.#proposing.values());
  }

  /** A replica whose transfer is over has recovered, or is dead again. */
  #noteOutcomes(state: MetadataState): void {
    const { consensus, clock } = this.#context;
    const dead = new Set(deadReplicas(state, consensus.self).map(keyOf));
    const ended = new Set(this.#running);
    this.#running.clear();
    for (const { id, transfers } of state.collections.values()) {
      for (const { shard, to } of transfers) {
        if (to === consensus.self) this.#running.add(keyOf({ collection: id, shard }));
      }
    }
    for (const key of this.#running) ended.delete(key);
    for (const key of ended) if (dead.has(key)) this.#pauses.noteFailure(key, clock.now());
    this.#pauses.keepOnly(new Set([...dead, ...this.#running]));
  }

  #begin(recovery: PlannedRecovery): void {
    const { collection } = recovery.replica;
    if (this.#proposing.has(collection)) return;
    const proposing = this.#propose(recovery)
      .catch(() => this.#pauses.noteFailure(keyOf(recovery.replica), this.#context.clock.now()))
      .finally(() => {
        this.#proposing.delete(collection);
        this.conform(this.#context.consensus.state);
      });
    this.#proposing.set(collection, proposing);
  }

  async #propose({ replica, leader, operation }: PlannedRecovery): Promise<void> {
    const { consensus, remote, shards, limits } = this.#context;
    const { collection, shard } = replica;
    const { signal } = this.#stop;
    if (!shards.isOpen(collection, shard)) throw new Error('the shard is not open');
    // What its leader cannot drive would only keep others from being recovered.
    const target = { collection, shard, metadataIndex: consensus.state.appliedIndex };
    await orEnded(signal, remote.info(leader, target, limits.unreachableMs));
    const proposed = consensus.propose(operation, { timeoutMs: limits.proposeTimeoutMs });
    const { rejection } = await orEnded(signal, proposed);
    if (rejection !== null) throw new Error(`the transfer was refused: ${rejection.reason}`);
    this.#running.add(keyOf(replica));
  }

  #lookWhenDue(state: MetadataState, nowMs: number): void {
    const waiting = deadReplicas(state, this.#context.consensus.self)
      .map((replica) => this.#pauses.dueMs(keyOf(replica)) - nowMs)
      .filter((leftMs) => leftMs > 0);
    if (waiting.length > 0) this.#lookAgain(Math.min(...waiting));
  }

  #lookAgain(delayMs: number): void {
    this.#takeBack = this.#context.clock.after(delayMs, () => {
      this.#takeBack = null;
      this.conform(this.#context.consensus.state);
    });
  }
}
