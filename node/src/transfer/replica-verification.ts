/**
 * After a change of a shard's update leader, the new one compares the Active replicas with its own, and repairs
 * what differs: what a leader that went away in the middle of something had written to some of them only. One
 * shard at a time, with pauses.
 */
import type { MetadataFollower } from '../collection/metadata-follower.js';
import { updateLeader, type CollectionState, type MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { LedShard } from '../replica/led-shard.js';
import { shardView, updatablePeers } from '../replica/shard-view.js';
import { awaitReplica, type AwaitReplicaOptions } from './await-replica.js';
import { copyShard } from './copy-shard.js';
import { PatientSource } from './patient-source.js';
import { repairShard } from './repair-shard.js';
import { RetryPauses } from './retry-pauses.js';
import { orEnded, TaskEnded } from './task-end.js';
import type { LedReplica } from './transfer-driver.js';
import type { TransferContext } from './transfer-options.js';

interface LedByThisNode {
  readonly collection: number;
  readonly name: string;
  readonly shard: number;
}

const pauses = { firstMs: 500, longestMs: 30_000 } as const;

/** Nine tenths of the time are left to others. */
const restFactor = 9;

function keyOf({ collection, shard }: { readonly collection: number; readonly shard: number }): string {
  return `${collection}/${shard}`;
}

export class ReplicaVerification implements MetadataFollower {
  readonly #context: TransferContext;
  readonly #stop = new AbortController();
  readonly #pauses: RetryPauses<string>;
  /** Shards that may have something to compare. */
  readonly #waiting = new Map<string, LedByThisNode>();
  /** Replicas to be compared besides those that the term of the leader names. */
  readonly #suspects = new Map<string, Set<PeerId>>();
  readonly #seen = new Map<number, CollectionState>();
  #worker: Promise<void> | null = null;
  #takeBack: (() => void) | null = null;

  constructor(context: TransferContext) {
    this.#context = context;
    this.#pauses = new RetryPauses(pauses, context.random);
  }

  conform(state: MetadataState): void {
    const { self } = this.#context.consensus;
    const present = new Set<number>();
    for (const collection of state.collections.values()) {
      present.add(collection.id);
      if (this.#seen.get(collection.id) === collection) continue;
      this.#seen.set(collection.id, collection);
      for (const shard of collection.shards) {
        const led = { collection: collection.id, name: collection.name, shard: shard.id };
        if (shard.replicas.length > 1 && updateLeader(shard) === self) this.#waiting.set(keyOf(led), led);
        else this.#forget(keyOf(led));
      }
    }
    for (const id of this.#seen.keys()) if (!present.has(id)) this.#seen.delete(id);
    for (const [key, { collection }] of this.#waiting) if (!present.has(collection)) this.#forget(key);
    this.#wake();
  }

  /** A replica that became Active in a way that does not make sure that it is equal. */
  suspect({ collection, name, shard, peer }: LedReplica): void {
    const led = { collection, name, shard };
    const suspects = this.#suspects.get(keyOf(led)) ?? new Set();
    this.#suspects.set(keyOf(led), suspects.add(peer));
    this.#waiting.set(keyOf(led), led);
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#takeBack?.();
    await this.#worker;
  }

  #forget(key: string): void {
    this.#waiting.delete(key);
    this.#suspects.delete(key);
  }

  #wake(): void {
    if (this.#stop.signal.aborted || this.#worker !== null || this.#waiting.size === 0) return;
    this.#takeBack?.();
    this.#takeBack = null;
    this.#worker = this.#work()
      .catch((error: unknown) => {
        if (!(error instanceof TaskEnded)) throw error;
      })
      .finally(() => {
        this.#worker = null;
        this.#wakeWhenDue();
      });
  }

  #wakeWhenDue(): void {
    this.#pauses.keepOnly(new Set(this.#waiting.keys()));
    if (this.#stop.signal.aborted || this.#waiting.size === 0) return;
    const nowMs = this.#context.clock.now();
    const leftMs = Math.min(...Array.from(this.#waiting.keys(), (key) => this.#pauses.dueMs(key) - nowMs));
    this.#takeBack = this.#context.clock.after(Math.max(0, leftMs), () => {
      this.#takeBack = null;
      this.#wake();
    });
  }

  /** Goes through what is due. What cannot be compared now is left for later. */
  async #work(): Promise<void> {
    const due = (): string | undefined =>
      [...this.#waiting.keys()].find((key) => this.#pauses.isDue(key, this.#context.clock.now()));
    for (let key = due(); key !== undefined; key = due()) {
      const led = this.#waiting.get(key);
      if (led === undefined) continue;
      try {
        if (await this.#verify(led)) this.#forgetUnlessSuspect(key);
        else this.#pauses.noteFailure(key, this.#context.clock.now());
      } catch (error) {
        if (this.#stop.signal.aborted) throw error;
        this.#pauses.noteFailure(key, this.#context.clock.now());
      }
    }
  }

  #forgetUnlessSuspect(key: string): void {
    if ((this.#suspects.get(key)?.size ?? 0) === 0) this.#forget(key);
  }

  /** Whether nothing is left to be compared. */
  async #verify(shard: LedByThisNode): Promise<boolean> {
    const led = this.#context.shards.led(shard.collection, shard.shard);
    if (led === null) return false;
    if (this.#unverified(shard, led).length === 0) return true;
    // Who does not answer would be left out by the comparison, and no write asks for that.
    if (!(await this.#allAnswer(shard))) return false;
    await orEnded(this.#stop.signal, led.prepare());
    for (const peer of this.#unverified(shard, led)) {
      if (led.follows(peer)) await this.#compare(shard, led, peer);
    }
    return led.current && this.#unverified(shard, led).length === 0;
  }

  #unverified(shard: LedByThisNode, led: LedShard): readonly PeerId[] {
    return [...new Set([...led.unverified, ...(this.#suspects.get(keyOf(shard)) ?? [])])];
  }

  async #compare(shard: LedByThisNode, led: LedShard, peer: PeerId): Promise<void> {
    const { clock, limits, onEvent } = this.#context;
    const source = new PatientSource(led, this.#awaiting(shard));
    const { signal } = this.#stop;
    const suspects = this.#suspects.get(keyOf(shard));
    if (suspects?.has(peer) === true) {
      // It may lack most of the points, and answers reads: this is the rest of its copy, at full speed.
      const { ranges, rangesAtOnce } = limits;
      const onProgress = (): void => undefined;
      await copyShard(source, { peer, signal, limits: ranges, rangesAtOnce, uncompared: false, onProgress });
    } else {
      const repaired = { kind: 'repaired-range', collection: shard.name, shard: shard.shard, to: peer } as const;
      await repairShard(source, { peer, signal, clock, restFactor, onRepairedRange: () => onEvent(repaired) });
    }
    if (!led.follows(peer)) return;
    led.markVerified(peer);
    suspects?.delete(peer);
  }

  async #allAnswer(shard: LedByThisNode): Promise<boolean> {
    const { consensus } = this.#context;
    const { collection: id, name } = shard;
    const peers = updatablePeers(shardView(consensus.state, { id, name }, shard.shard));
    const awaiting = { ...this.#awaiting(shard), unreachableMs: 1_000, openingMs: 1_000 };
    const others = peers.filter((peer) => peer !== consensus.self);
    const awaited = await Promise.all(others.map((peer) => awaitReplica(peer, awaiting)));
    return awaited.every(({ kind }) => kind === 'ready');
  }

  #awaiting({ collection, shard }: LedByThisNode): AwaitReplicaOptions {
    const { remote, clock, consensus, limits } = this.#context;
    return {
      remote,
      clock,
      signal: this.#stop.signal,
      target: () => ({ collection, shard, metadataIndex: consensus.state.appliedIndex }),
      unreachableMs: limits.unreachableMs,
      openingMs: limits.unreachableMs,
    };
  }
}
