/** What this node does as a replica: takes the operations of the leader that its own metadata names. */
import { ServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import { readClockTag } from '../shard/clock-tag.js';
import type { WriteResult } from '../shard/local-shard.js';
import type { MissedWritesLedger } from './missed-writes-ledger.js';
import { deletionOf, idsToDelete } from './range-replacement.js';
import {
  ReplicaRefused,
  type FollowOptions,
  type LeaderAcceptance,
  type LeaderAnnouncement,
  type RangeReplacement,
  type Refusal,
  type ShardTarget,
} from './remote-replicas.js';
import type { ReplicatedShard } from './replicated-shard.js';
import {
  hasEveryWrite,
  holdsReplica,
  leaderWithout,
  takesWrites,
  updateLeaderOf,
  type ShardView,
} from './shard-view.js';

export interface FollowingContext {
  readonly self: PeerId;
  readonly ledger: MissedWritesLedger;
  /** How long a call waits for the metadata that its sender had. */
  readonly metadataWaitMs: number;
  readonly view: () => ShardView;
  readonly reached: (index: number, timeoutMs: number) => Promise<boolean>;
  readonly local: () => ReplicatedShard | null;
  /** Whether the replica here missed writes and has not recovered. */
  readonly hasMissed: () => boolean;
  /** Somebody says that it did. */
  readonly selfMissed: () => void;
  /** There is somebody new to be reported. */
  readonly missed: () => void;
}

export class Following {
  readonly #context: FollowingContext;

  constructor(context: FollowingContext) {
    this.#context = context;
  }

  async acceptLeader(
    from: PeerId,
    target: ShardTarget,
    { without, direct }: LeaderAnnouncement,
  ): Promise<LeaderAcceptance> {
    const { self, ledger, view } = this.#context;
    await this.#awaitMetadata(target);
    if (without.includes(self)) this.#context.selfMissed();
    this.#checkSender(from, direct, without);
    const local = this.#open();
    if (hasEveryWrite(view(), self)) {
      // What is noted here outlives the leader: whoever is named may not lead in its place.
      const before = ledger.version;
      const named = without.filter((peer) => peer !== self && peer !== from && takesWrites(view(), peer));
      await ledger.add(named, view().index);
      if (ledger.version !== before) this.#context.missed();
      this.#checkSender(from, direct, without);
    }
    return { newestTick: local.newestTick(from) };
  }

  /** Takes its place synchronously. */
  async follow(from: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult> {
    const appended = await this.#open().inSequence(async (section) => {
      await this.#awaitMetadata(target);
      this.#checkSender(from, options.direct, []);
      await section.room(operation.byteLength);
      // Both may have changed while there was no room.
      this.#checkSender(from, options.direct, []);
      this.#checkTick(from, operation);
      return section.append(operation);
    });
    return appended.answer({ wait: options.wait });
  }

  /** Takes its place synchronously. */
  async replaceRange(from: PeerId, target: ShardTarget, change: RangeReplacement): Promise<void> {
    const { operation, after, to } = change;
    const local = this.#open();
    const appended = await local.inSequence(async (section) => {
      await this.#awaitMetadata(target);
      this.#checkSender(from, false, []);
      await section.caughtUp();
      const gone = idsToDelete(await local.idsInRange(after, to), operation);
      const deletion = gone === null ? null : deletionOf(gone, operation);
      if (deletion !== null) await section.room(deletion.byteLength);
      await section.room(operation.byteLength);
      this.#checkSender(from, false, []);
      this.#checkTick(from, operation);
      const deleted = deletion === null ? null : section.append(deletion);
      return { deleted, upserted: section.append(operation) };
    });
    await appended.deleted?.answer({ wait: false });
    await appended.upserted.answer({ wait: false });
  }

  async #awaitMetadata({ metadataIndex }: ShardTarget): Promise<void> {
    if (this.#context.view().index >= metadataIndex) return;
    if (await this.#context.reached(metadataIndex, this.#context.metadataWaitMs)) return;
    throw this.#refused({ kind: 'behind' }, `has not reached metadata index ${metadataIndex}`);
  }

  #open(): ReplicatedShard {
    const local = this.#context.local();
    if (local === null) throw this.#refused({ kind: 'not-open' }, 'has not opened the shard');
    return local;
  }

  #checkSender(from: PeerId, direct: boolean, without: readonly PeerId[]): void {
    const { self, ledger } = this.#context;
    const view = this.#context.view();
    if (!holdsReplica(view, self)) throw this.#refused({ kind: 'no-replica' }, 'holds no replica of the shard');
    // Only a source of truth tells a direct leader's writes from those that the shard's leader may lack.
    if (!takesWrites(view, self) || (direct && !hasEveryWrite(view, self))) {
      throw this.#refused({ kind: 'replica-state' }, 'has a replica that does not take this write');
    }
    if (this.#context.hasMissed()) throw this.#refused({ kind: 'missed-writes' }, 'has missed writes');
    if (ledger.peers.has(from)) {
      throw this.#refused({ kind: 'leader-missed-writes' }, `took writes that peer ${from} missed`);
    }
    const leader = direct ? leaderWithout(view, new Set([...ledger.peers, ...without])) : updateLeaderOf(view);
    if (leader !== from) throw this.#refused({ kind: 'not-leader' }, `does not follow peer ${from}`);
  }

  #checkTick(from: PeerId, operation: Uint8Array): void {
    const tag = readClockTag(operation);
    if (tag?.peer !== from || tag.clock !== 0) {
      throw new ServiceError('bad-input', 'An operation of a leader must carry its clock tag');
    }
    const newestTick = this.#open().newestTick(from);
    if (tag.tick > newestTick) return;
    throw this.#refused({ kind: 'stale-clock', newestTick }, `has tick ${newestTick} of peer ${from} already`);
  }

  #refused(refusal: Refusal, reason: string): ReplicaRefused {
    return new ReplicaRefused(this.#context.view().index, refusal, `Peer ${this.#context.self} ${reason}`);
  }
}
