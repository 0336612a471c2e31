/**
 * The replicas of one shard, seen from this node: as coordinator of a client's request, as update leader,
 * and as one replica of several. docs/internals/cluster.md ("Writes", "Reads") is what it promises.
 */
import type { Consensus } from '../consensus/consensus.js';
import type { NativeCodec, ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { WriteResult } from '../shard/write-result.js';
import { FailureReporter, type FailedReplica } from './failure-reporter.js';
import { Following } from './following.js';
import type { LedShard } from './led-shard.js';
import { MetadataWatch } from './metadata-watch.js';
import type { MissedWritesLedger } from './missed-writes-ledger.js';
import { ReplicaReads, type ReadOptions } from './replica-reads.js';
import type { ReplicaClock } from './replica-clock.js';
import {
  ReplicaRefused,
  type CountRequest,
  type FollowOptions,
  type ForwardOptions,
  type IdRange,
  type LeaderAcceptance,
  type LeaderAnnouncement,
  type RangeDigest,
  type RangeReplacement,
  type Refusal,
  type RemoteReplicas,
  type RetrieveRequest,
  type ShardTarget,
  type ShardWrite,
  type ShardWriteOptions,
} from './remote-replicas.js';
import type { ReplicatedShard } from './replicated-shard.js';
import {
  answersReads,
  hasEveryWrite,
  isAlone,
  replicaStateOf,
  takesWrites,
  updateLeaderOf,
  type ShardView,
} from './shard-view.js';
import { WriteCoordinator } from './write-coordinator.js';
import { WriteLeader } from './write-leader.js';

export interface ReplicaSetLimits {
  readonly acceptTimeoutMs: number;
  readonly followTimeoutMs: number;
  readonly bytesInFlightMax: number;
  /** How long a call of a peer waits for the metadata that the peer had. */
  readonly metadataWaitMs: number;
  /** How long a proposal of Dead may take before the cluster counts as without a quorum. */
  readonly proposeTimeoutMs: number;
  /** How long a write with wait is held until the metadata says who missed it. */
  readonly agreeTimeoutMs: number;
  /** For writes and reads whose client set no limit. */
  readonly writeTimeoutMs: number;
  readonly readTimeoutMs: number;
}

export const defaultReplicaSetLimits: ReplicaSetLimits = {
  acceptTimeoutMs: 5_000,
  followTimeoutMs: 15_000,
  bytesInFlightMax: 64 * 1024 * 1024,
  metadataWaitMs: 5_000,
  proposeTimeoutMs: 3_000,
  agreeTimeoutMs: 30_000,
  writeTimeoutMs: 60_000,
  readTimeoutMs: 60_000,
};

export interface ReplicaSetOptions {
  readonly collection: { readonly id: number; readonly name: string };
  readonly shard: number;
  readonly metadata: Consensus;
  readonly remote: RemoteReplicas;
  /** The shard on this node, null while it is not open here. */
  readonly local: () => ReplicatedShard | null;
  readonly missed: MissedWritesLedger;
  readonly agreed: NativeCodec['agreed'];
  readonly clock: ReplicaClock;
  /** From 0 up to, not with, 1. */
  readonly random: () => number;
  readonly limits: ReplicaSetLimits;
}

export class ReplicaSet {
  readonly #options: ReplicaSetOptions;
  readonly #watch: MetadataWatch;
  readonly #leader: WriteLeader;
  readonly #coordinator: WriteCoordinator;
  readonly #following: Following;
  readonly #reads: ReplicaReads;
  readonly #reporter: FailureReporter;
  #selfMissed = false;

  constructor(options: ReplicaSetOptions) {
    this.#options = options;
    const { metadata, collection, shard, remote, clock, random, limits, missed, local } = options;
    const { self } = metadata;
    this.#watch = new MetadataWatch(metadata, collection, shard, clock, (view) => this.#noteView(view));
    const shared = {
      self,
      shard,
      remote,
      clock,
      random,
      limits,
      ledger: missed,
      local,
      metadata,
      collection: collection.id,
      view: () => this.#watch.view,
      target: () => this.#target(),
      reached: (index: number, timeoutMs: number) => this.#watch.reached(index, timeoutMs),
      until: (met: () => boolean, timeoutMs: number) => this.#watch.until(met, timeoutMs),
      hasMissed: () => this.#selfMissed,
      selfMissed: () => this.noteMissed(),
      missed: () => this.#reportMissed(),
    };
    this.#leader = new WriteLeader(shared);
    this.#coordinator = new WriteCoordinator(shared, this.#leader);
    this.#following = new Following({ ...shared, metadataWaitMs: limits.metadataWaitMs });
    this.#reads = new ReplicaReads({
      ...shared,
      agreed: options.agreed,
      readTimeoutMs: limits.readTimeoutMs,
      readable: () => this.#readable(),
      missed: () => missed.peers,
    });
    this.#reporter = new FailureReporter({
      consensus: metadata,
      clock,
      random,
      collection: collection.id,
      shard,
      proposeTimeoutMs: limits.proposeTimeoutMs,
      failed: () => this.#failed(),
    });
    this.#noteView(this.#watch.view);
  }

  /** Nothing is proposed, led or told of metadata any more. */
  close(): void {
    this.#watch.end();
    this.#reporter.stop();
    this.#leader.end();
  }

  /** As coordinator. */
  write(write: ShardWrite, options: ShardWriteOptions): Promise<WriteResult> {
    const local = this.#options.local();
    const { view } = this.#watch;
    if (local !== null && isAlone(view, this.#options.metadata.self) && view.index >= this.#options.missed.ledAt) {
      return this.#leader.writeAlone(local, write, options);
    }
    return this.#coordinator.write(write, options);
  }

  /** A coordinator handed a write over. */
  async lead(_from: PeerId, target: ShardTarget, write: ShardWrite, options: ForwardOptions): Promise<WriteResult> {
    await this.#awaitMetadata(target);
    return this.#coordinator.lead(write, options);
  }

  acceptLeader(from: PeerId, target: ShardTarget, announcement: LeaderAnnouncement): Promise<LeaderAcceptance> {
    return this.#following.acceptLeader(from, target, announcement);
  }

  /** Takes its place synchronously, like `replaceRange`. */
  follow(from: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult> {
    return this.#following.follow(from, target, operation, options);
  }

  replaceRange(from: PeerId, target: ShardTarget, change: RangeReplacement): Promise<void> {
    return this.#following.replaceRange(from, target, change);
  }

  search(request: SearchRequest, options: ReadOptions): Promise<Buffer> {
    return this.#reads.search(request, options);
  }

  retrieve(request: RetrieveRequest, options: ReadOptions): Promise<Buffer> {
    return this.#reads.retrieve(request, options);
  }

  scroll(request: ScrollRequest, options: ReadOptions): Promise<ScrollPage> {
    return this.#reads.scroll(request, options);
  }

  count(request: CountRequest, options: ReadOptions): Promise<number> {
    return this.#reads.count(request, options);
  }

  async serveSearch(target: ShardTarget, request: SearchRequest): Promise<Buffer> {
    return (await this.#serving(target)).search(request);
  }

  async serveRetrieve(target: ShardTarget, { ids, payload, vectors }: RetrieveRequest): Promise<Buffer> {
    return (await this.#serving(target)).retrieve(ids, payload, vectors);
  }

  async serveScroll(target: ShardTarget, request: ScrollRequest): Promise<ScrollPage> {
    return (await this.#serving(target)).scroll(request);
  }

  async serveCount(target: ShardTarget, { filter, exact }: CountRequest): Promise<number> {
    return (await this.#serving(target)).count(filter, exact);
  }

  /** What a transfer compares: of any replica that takes writes, readable or not. */
  async serveRangeDigest(target: ShardTarget, { after, to, limit }: IdRange): Promise<RangeDigest> {
    await this.#awaitMetadata(target);
    const local = this.#options.local();
    if (local === null) throw this.#refused({ kind: 'not-open' }, 'has not opened the shard');
    if (!takesWrites(this.#watch.view, this.#options.metadata.self)) {
      throw this.#refused({ kind: 'replica-state' }, 'has a replica that takes no writes');
    }
    return local.digestRange(after, to, limit);
  }

  /** The term in which this node leads the shard, begun when there is none; null when another peer leads. */
  led(): LedShard | null {
    return this.#leader.led();
  }

  /** Peers that missed writes which this node took: what `missedWrites` answers them. */
  get missedBy(): ReadonlySet<PeerId> {
    return this.#options.missed.peers;
  }

  /**
   * The replica here missed writes, says another peer. It neither leads nor answers reads until the
   * metadata has taken it out and it has recovered.
   */
  noteMissed(): void {
    const { self } = this.#options.metadata;
    if (this.#selfMissed || !this.#isOneOfSeveral(self)) return;
    this.#selfMissed = true;
    this.#leader.end();
    this.#reportMissed();
  }

  /** The shard here was opened, and notes may have come with it. */
  noteOpened(): void {
    this.#noteView(this.#watch.view);
  }

  /** Whether the replica here answers reads. */
  get readable(): boolean {
    return this.#readable() !== null;
  }

  /** With nobody else that has every write, what is here is the best there is. */
  #isOneOfSeveral(peer: PeerId): boolean {
    const { view } = this.#watch;
    return (
      hasEveryWrite(view, peer) && view.replicas.some((other) => other.peer !== peer && hasEveryWrite(view, other.peer))
    );
  }

  #noteView(view: ShardView): void {
    const { missed, metadata } = this.#options;
    if (!this.#isOneOfSeveral(metadata.self)) this.#selfMissed = false;
    // Notes of a replica that is not trusted itself say nothing any more.
    const trusted = hasEveryWrite(view, metadata.self);
    // A replica that was taken out is copied anew; by a leader that missed the same writes, it lacks them again.
    const leader = updateLeaderOf(view);
    const copiedRight = leader !== null && !missed.peers.has(leader);
    const settled = [...missed.peers].filter(
      (peer) => view.index > missed.notedAt(peer) && (!trusted || (copiedRight && !takesWrites(view, peer))),
    );
    if (settled.length > 0) missed.remove(settled).catch(() => undefined);
    this.#leader.noteView(view);
    this.#reportMissed();
  }

  #failed(): readonly FailedReplica[] {
    const { missed, metadata } = this.#options;
    const peers = [...missed.peers, ...(this.#selfMissed ? [metadata.self] : [])];
    return peers.flatMap((peer) => {
      const state = replicaStateOf(this.#watch.view, peer);
      return state === null || !takesWrites(this.#watch.view, peer) ? [] : [{ peer, state }];
    });
  }

  /** The leader reports at once; others in case that it cannot. */
  #reportMissed(): void {
    this.#reporter.wake(this.#leader.leads || this.#selfMissed ? 0 : this.#options.limits.proposeTimeoutMs);
  }

  #readable(): ReplicatedShard | null {
    if (this.#selfMissed || !answersReads(this.#watch.view, this.#options.metadata.self)) return null;
    return this.#options.local();
  }

  async #serving(target: ShardTarget): Promise<ReplicatedShard> {
    await this.#awaitMetadata(target);
    if (!answersReads(this.#watch.view, this.#options.metadata.self)) {
      throw this.#refused({ kind: 'replica-state' }, 'has no replica that can be read');
    }
    if (this.#selfMissed) throw this.#refused({ kind: 'missed-writes' }, 'has missed writes');
    const local = this.#options.local();
    if (local === null) throw this.#refused({ kind: 'not-open' }, 'has not opened the shard');
    return local;
  }

  async #awaitMetadata({ metadataIndex }: ShardTarget): Promise<void> {
    const { limits } = this.#options;
    if (this.#watch.view.index >= metadataIndex) return;
    if (await this.#watch.reached(metadataIndex, limits.metadataWaitMs)) return;
    throw this.#refused({ kind: 'behind' }, `has not reached metadata index ${metadataIndex}`);
  }

  #target(): ShardTarget {
    const { collection, shard } = this.#options;
    return { collection: collection.id, shard, metadataIndex: this.#watch.view.index };
  }

  #refused(refusal: Refusal, reason: string): ReplicaRefused {
    return new ReplicaRefused(this.#watch.view.index, refusal, `Peer ${this.#options.metadata.self} ${reason}`);
  }
}
