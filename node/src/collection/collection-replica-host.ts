/** What this node does for replicas on other peers: finds the replica set that a call is about. */
import type { Consensus } from '../consensus/consensus.js';
import type { ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import type { PeerId } from '../metadata/peer-id.js';
import {
  ReplicaRefused,
  type CountRequest,
  type FollowOptions,
  type ForwardOptions,
  type IdRange,
  type LeaderAcceptance,
  type LeaderAnnouncement,
  type MissedWrites,
  type RangeDigest,
  type RangeReplacement,
  type ReplicaHost,
  type ReplicaInfo,
  type RetrieveRequest,
  type ShardTarget,
  type ShardWrite,
} from '../replica/remote-replicas.js';
import type { ReplicaSet } from '../replica/replica-set.js';
import type { WriteResult } from '../shard/write-result.js';
import type { Collection } from './collection.js';
import type { LocalCollections } from './local-collections.js';
import { replicaInfo } from './replica-info.js';

/** How long a call waits for metadata that its sender had, and then for the shard to be opened. */
const waitMs = 5_000;

export class CollectionReplicaHost implements ReplicaHost {
  readonly #consensus: Consensus;
  readonly #collections: LocalCollections;
  /** The last of the ordered calls of a peer on a shard that wait; those that come later wait behind it. */
  readonly #waiting = new Map<string, Promise<void>>();
  #serving = false;
  readonly #served: Promise<void>;
  #beginServing: () => void = () => undefined;

  constructor(consensus: Consensus, collections: LocalCollections) {
    this.#consensus = consensus;
    this.#collections = collections;
    this.#served = new Promise((resolve) => (this.#beginServing = resolve));
  }

  /** Until then only `missedWrites` is answered, because a node that starts does not know whether it missed any. */
  begin(): void {
    this.#serving = true;
    this.#beginServing();
  }

  forward(from: PeerId, target: ShardTarget, write: ShardWrite, options: ForwardOptions): Promise<WriteResult> {
    return this.#call(target, (replicas) => replicas.lead(from, target, write, options));
  }

  acceptLeader(from: PeerId, target: ShardTarget, announcement: LeaderAnnouncement): Promise<LeaderAcceptance> {
    return this.#inOrder(from, target, (replicas) => replicas.acceptLeader(from, target, announcement));
  }

  follow(from: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult> {
    return this.#inOrder(from, target, (replicas) => replicas.follow(from, target, operation, options));
  }

  replaceRange(from: PeerId, target: ShardTarget, change: RangeReplacement): Promise<void> {
    return this.#inOrder(from, target, (replicas) => replicas.replaceRange(from, target, change));
  }

  search(_from: PeerId, target: ShardTarget, request: SearchRequest): Promise<Buffer> {
    return this.#call(target, (replicas) => replicas.serveSearch(target, request));
  }

  retrieve(_from: PeerId, target: ShardTarget, request: RetrieveRequest): Promise<Buffer> {
    return this.#call(target, (replicas) => replicas.serveRetrieve(target, request));
  }

  scroll(_from: PeerId, target: ShardTarget, request: ScrollRequest): Promise<ScrollPage> {
    return this.#call(target, (replicas) => replicas.serveScroll(target, request));
  }

  count(_from: PeerId, target: ShardTarget, request: CountRequest): Promise<number> {
    return this.#call(target, (replicas) => replicas.serveCount(target, request));
  }

  rangeDigest(_from: PeerId, target: ShardTarget, range: IdRange): Promise<RangeDigest> {
    return this.#call(target, (replicas) => replicas.serveRangeDigest(target, range));
  }

  async info(_from: PeerId, target: ShardTarget): Promise<ReplicaInfo> {
    await this.#call(target, () => Promise.resolve());
    const local = this.#collections.byIdentity(target.collection)?.locals.get(target.shard) ?? null;
    if (local === null) throw this.#refused('not-open', 'has not opened the shard');
    return replicaInfo(local);
  }

  missedWrites(from: PeerId): Promise<readonly MissedWrites[]> {
    const missed = this.#collections
      .all()
      .flatMap((collection) =>
        collection.state.shards
          .filter(({ id }) => collection.replicas(id)?.missedBy.has(from) === true)
          .map(({ id }) => ({ collection: collection.id, shard: id })),
      );
    return Promise.resolve(missed);
  }

  /** Calls that wait for nothing are made before this returns, as their order asks. */
  #inOrder<T>(from: PeerId, target: ShardTarget, call: (replicas: ReplicaSet) => Promise<T>): Promise<T> {
    const key = `${from}/${target.collection}/${target.shard}`;
    const before = this.#waiting.get(key);
    const ready = before === undefined ? this.#ready(target) : null;
    if (ready !== null) return call(ready);
    const turn = Promise.resolve(before).then(() => this.#awaited(target));
    // Only the beginning of a call is ordered; whoever comes next does not wait for its answer.
    const begun = turn.then((replicas) => ({ answer: call(replicas) }));
    const tail = begun.then(
      ({ answer }) => void answer.catch(() => undefined),
      () => undefined,
    );
    this.#waiting.set(key, tail);
    void tail.then(() => {
      if (this.#waiting.get(key) === tail) this.#waiting.delete(key);
    });
    return begun.then(({ answer }) => answer);
  }

  async #call<T>(target: ShardTarget, call: (replicas: ReplicaSet) => Promise<T>): Promise<T> {
    return call(this.#ready(target) ?? (await this.#awaited(target)));
  }

  /** The replica set, unless there is something to wait for. */
  #ready({ collection: id, shard }: ShardTarget): ReplicaSet | null {
    const collection = this.#serving ? this.#collections.byIdentity(id) : null;
    if (collection === null) return null;
    return collection.locals.get(shard) !== null ? collection.replicas(shard) : null;
  }

  async #awaited({ collection: id, shard, metadataIndex }: ShardTarget): Promise<ReplicaSet> {
    await this.#served;
    const { state } = this.#consensus;
    if (state.appliedIndex < metadataIndex) {
      await this.#consensus.reached(metadataIndex, waitMs).catch(() => {
        throw this.#refused('behind', `has not reached metadata index ${metadataIndex}`);
      });
    }
    const collection = this.#collections.byIdentity(id);
    const replicas = collection?.replicas(shard) ?? null;
    if (collection === null || replicas === null || !collection.ownShards().has(shard)) {
      throw this.#refused('no-replica', `has no replica of shard ${shard}`);
    }
    if (collection.locals.get(shard) === null) await this.#opened(collection, shard);
    return replicas;
  }

  async #opened(collection: Collection, shard: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.#collections.openShards(collection.name).catch(() => undefined), late]);
    clearTimeout(timer);
    if (collection.locals.get(shard) === null) throw this.#refused('not-open', `has not opened shard ${shard}`);
  }

  #refused(kind: 'behind' | 'no-replica' | 'not-open', reason: string): ReplicaRefused {
    const { self, state } = this.#consensus;
    return new ReplicaRefused(state.appliedIndex, { kind }, `Peer ${self} ${reason}`);
  }
}
