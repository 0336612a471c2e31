/** What this node does as a replica: takes the operations of the leader that its own metadata names. */
import { ServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import { readClockTag } from '../shard/clock-tag.js';
import type { WriteResult } from '../shard/write-result.js';
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

/** What was appended here before a leader was accepted. What came since, that leader has too. */
interface BeforeLeader {
  readonly leader: PeerId;
  readonly local: ReplicatedShard;
  /** Resolves when all of it is applied. */
  readonly applied: Promise<void>;
}

export class Following {
  readonly #context: FollowingContext;
  #before: BeforeLeader | null = null;

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
    this.#before = beforeLeader(from, local);
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
    const { operation } = change;
    const local = this.#open();
    const present = this.#idsInRange(from, local, change);
    const appended = await local.inSequence(async (section) => {
      await this.#awaitMetadata(target);
      this.#checkSender(from, false, []);
      const gone = idsToDelete(await present, operation);
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

  /**
   * What may have to go of a range: looked up ahead, so that ranges do not wait until the ones before them are
   * applied. What is not applied yet came from this leader: it is in the replacement, or gone by its place.
   */
  #idsInRange(from: PeerId, local: ReplicatedShard, { after, to }: RangeReplacement): Promise<Buffer> {
    if (this.#before?.leader !== from || this.#before.local !== local) this.#before = beforeLeader(from, local);
    const present = this.#before.applied.then(() => local.idsInRange(after, to));
    present.catch(() => undefined);
    return present;
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

function beforeLeader(leader: PeerId, local: ReplicatedShard): BeforeLeader {
  const applied = local.inSequence(async (section) => {
    await section.caughtUp();
  });
  applied.catch(() => undefined);
  return { leader, local, applied };
}
