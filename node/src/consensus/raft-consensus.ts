/**
 * Consensus of a cluster: the metadata is what Raft's committed entries make of it. This class holds one life of
 * Raft at a time and what outlasts it: the newest state, proposals and reads under way, and who listens.
 */
import { ServiceError } from '../errors.js';
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import { rejectionText } from '../metadata/rejection.js';
import type { Message } from '../raft/message.js';
import type { Consensus } from './consensus.js';
import type { ConsensusStatus, ConsensusThreadStatus } from './consensus-status.js';
import { joinCluster, JoinFailedError } from './joining.js';
import { raftFolder, writeIdentity, type JoinedCluster, type PeerIdentity } from './peer-identity.js';
import { Proposals } from './proposals.js';
import type { AppliedProposal } from './raft-driver.js';
import { RaftLife } from './raft-life.js';
import { openRaft, raftStatePath, type OpeningOptions } from './raft-opening.js';
import { RaftStateFile } from './raft-state-file.js';
import { RaftStorage, type StoredRaft } from './raft-storage.js';
import type {
  AddPeerAnswer,
  AddPeerRequest,
  ProposeAnswer,
  RaftReceiver,
  RaftTransport,
  SnapshotPiece,
} from './raft-transport.js';
import { ReadBarrier } from './read-barrier.js';
import type { ReplicatedState } from './replicated-state.js';
import { StateListeners } from './state-listeners.js';

/** As long as the original waits for an operation on metadata. */
const defaultTimeoutMs = 10_000;

/** How long a peer that wants to be added waits for the others to agree. */
const addPeerTimeoutMs = 5_000;

const firstRebuildMs = 1_000;
const lastRebuildMs = 300_000;

export interface RaftConsensusOptions extends OpeningOptions {
  readonly version: string;
  readonly tickPeriodMs: number;
  readonly compactEntries: number;
  readonly bootstrapTimeoutMs: number;
  /** From 0 inclusive to 1 exclusive; spreads the election timeouts of peers. */
  readonly random: () => number;
  readonly report: (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;
}

const roles = {
  follower: 'Follower',
  'pre-candidate': 'PreCandidate',
  candidate: 'Candidate',
  leader: 'Leader',
} as const;

export class RaftConsensus implements Consensus, RaftReceiver {
  readonly self: PeerId;
  readonly #options: RaftConsensusOptions;
  readonly #identity: PeerIdentity;
  readonly #listeners = new StateListeners();
  readonly #proposals: Proposals;
  readonly #reads = new ReadBarrier();
  readonly #stateFile: RaftStateFile;
  readonly #closing = new AbortController();
  /** Where peers say that they are now, until the metadata says so too. */
  readonly #moved = new Map<PeerId, { readonly from: string; readonly to: string }>();
  #joined: JoinedCluster | null;
  #life: RaftLife;
  #transport: RaftTransport | null = null;
  #state: ReplicatedState;
  #thread: ConsensusThreadStatus;
  #timer: NodeJS.Timeout | null = null;
  #rebuildTimer: NodeJS.Timeout | null = null;
  #rebuildMs = firstRebuildMs;
  #removed = false;
  #joining: Promise<void> | null = null;

  private constructor(options: RaftConsensusOptions, identity: PeerIdentity, storage: RaftStorage, stored: StoredRaft) {
    this.self = identity.peer;
    this.#options = options;
    this.#identity = identity;
    this.#joined = identity.joined;
    this.#state = stored.state;
    this.#thread = working();
    this.#proposals = new Proposals(this.self, identity.incarnation, () => this.#whyLate());
    this.#stateFile = new RaftStateFile(raftStatePath(options.storageFolder));
    this.#life = this.#live(storage, stored);
  }

  /** Reads the disk. Nothing is sent before `start`. */
  static async open(options: RaftConsensusOptions): Promise<RaftConsensus> {
    const { identity, storage, stored } = await openRaft(options);
    const consensus = new RaftConsensus(options, identity, storage, stored);
    // What is known as committed is applied before anybody looks at the state.
    consensus.#life.driver.pump();
    return consensus;
  }

  /**
   * Takes part from now on. Resolves when this node is in its own state: at once after a restart, by joining for
   * a new one. Throws `JoinRefusedError` and `JoinFailedError`. The network must take messages already.
   */
  async start(transport: RaftTransport): Promise<void> {
    this.#transport = transport;
    this.#life.attach(transport, this.#proposals, this);
    if (this.isRemoved(this.self)) {
      this.#becomeRemoved();
      return;
    }
    this.#timer = setInterval(() => this.#tick(), this.#options.tickPeriodMs);
    if (!this.#knowsItself()) await (this.#joining = this.#join(transport));
    await this.#leadAlone();
  }

  /**
   * Hands leadership over if it can, then stops. What is proposed and not applied yet is answered with an error.
   * `abruptly`: as if the process were gone.
   */
  async close({ abruptly = false }: { readonly abruptly?: boolean } = {}): Promise<void> {
    if (this.#timer !== null && !abruptly) await this.#life.handOver();
    this.#closing.abort();
    this.#stopTimers();
    this.#thread = { kind: 'stopped' };
    this.#proposals.close(new ServiceError('unavailable', 'The node is shutting down'));
    await this.#joining?.catch(() => undefined);
    await this.#life.driver.close();
    await this.#stateFile.settled();
  }

  get state(): MetadataState {
    return this.#state.metadata;
  }

  get cluster(): number | null {
    const { cluster } = this.state;
    return cluster === 0 ? (this.#joined?.cluster ?? null) : cluster;
  }

  /** This node was removed from its cluster; it takes no part any more. */
  get removed(): boolean {
    return this.#removed || this.state.removedPeers.has(this.self);
  }

  subscribe(listener: (state: MetadataState) => void): () => void {
    return this.#listeners.subscribe(listener);
  }

  reached(index: number, timeoutMs: number): Promise<void> {
    return this.#listeners.reached(this.state.appliedIndex, index, timeoutMs);
  }

  propose(
    operation: MetadataOperation,
    { timeoutMs = defaultTimeoutMs }: { readonly timeoutMs?: number } = {},
  ): Promise<Applied> {
    if (this.removed) return Promise.reject(this.#removedError());
    if (this.#closing.signal.aborted) {
      return Promise.reject(new ServiceError('unavailable', 'The node is shutting down'));
    }
    const applied = this.#proposals.add(operation, timeoutMs);
    this.#life.deliver();
    return applied;
  }

  /** Resolves when `state` holds everything that was agreed on before this was called. */
  barrier(timeoutMs: number): Promise<void> {
    if (this.removed) return Promise.reject(this.#removedError());
    const passed = this.#reads.wait(timeoutMs);
    this.#reads.ask(this.#life.raft);
    this.#life.driver.wake();
    return passed;
  }

  /** Asks the leader for its whole state. Without effect on the leader itself. */
  recover(): Promise<void> {
    if (this.#life.leader === this.self || this.#life.raft.requestSnapshot()) {
      this.#life.driver.wake();
      return Promise.resolve();
    }
    return Promise.reject(new ServiceError('internal', this.#noLeader()));
  }

  status(): ConsensusStatus {
    const { term, commit, applied, leader, role, confState } = this.#life.raft.status();
    const running = this.#thread.kind === 'working';
    return {
      ...{ term, commit, leader: running ? leader : null },
      pendingOperations: Math.max(0, commit - applied),
      role: running ? roles[role] : null,
      isVoter: confState.voters.includes(this.self),
      thread: this.#thread,
      sendFailures: this.#transport?.sendFailures() ?? new Map(),
    };
  }

  onMessages(from: PeerId, messages: readonly Message[]): void {
    // A peer that lost its log does not know what it promised: it says nothing before it was added anew.
    if (this.cluster === null) return;
    this.#life.take(from, messages);
  }

  // These two are async for what they throw.
  // eslint-disable-next-line @typescript-eslint/require-await
  async onSnapshotPiece(from: PeerId, piece: SnapshotPiece): Promise<void> {
    if (this.cluster !== null) this.#life.takeSnapshotPiece(from, piece);
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async onPropose(from: PeerId, entries: readonly Uint8Array[]): Promise<ProposeAnswer> {
    return this.#life.takeProposals(from, entries);
  }

  async onAddPeer({ peer, uri }: AddPeerRequest): Promise<AddPeerAnswer> {
    const { cluster, peers: members } = this.state;
    const known = members.get(peer)?.uri ?? null;
    // A peer of two, say, that moved: without reaching it there is no majority that could agree on its address.
    if (known !== null && known !== uri) this.#moved.set(peer, { from: known, to: uri });
    if (cluster === 0) return { kind: 'failed', message: 'this peer has not joined a cluster itself' };
    try {
      if (known === uri && this.#life.isVoter(peer)) await this.#suspend(peer);
      const { rejection } = await this.propose({ kind: 'add-peer', peer, uri }, { timeoutMs: addPeerTimeoutMs });
      if (rejection !== null) return { kind: 'refused', message: rejectionText(rejection) };
    } catch (error) {
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
    const peers = [...this.state.peers.values()].flatMap(({ id, uri: address }) =>
      address === null ? [] : [{ peer: id, uri: address }],
    );
    return { kind: 'added', cluster, peers };
  }

  /**
   * Whoever asks to be added where it is a voter already has lost its log, and what it had acknowledged with it.
   * It loses its vote first, by the votes of the others: a majority without it has all that was agreed on.
   */
  async #suspend(peer: PeerId): Promise<void> {
    const { rejection } = await this.propose({ kind: 'suspend-peer', peer }, { timeoutMs: addPeerTimeoutMs });
    if (rejection !== null) throw new ServiceError('bad-request', rejectionText(rejection));
    await this.#when(() => !this.#life.isMember(peer), addPeerTimeoutMs, `Peer ${peer} did not lose its vote`);
  }

  onReached(index: number, timeoutMs: number): Promise<void> {
    return this.reached(index, timeoutMs);
  }

  onUnreachable(peer: PeerId): void {
    this.#life.takeUnreachable(peer);
  }

  onRemoved(by: PeerId): void {
    if (this.#removed) return;
    this.#options.report('warn', `Peer ${by} says that this node was removed from the cluster`);
    this.#becomeRemoved();
  }

  addressOf(peer: PeerId): string | null {
    const known = this.state.peers.get(peer)?.uri ?? this.state.removedPeers.get(peer) ?? null;
    const moved = this.#moved.get(peer);
    if (moved?.from === known) return moved.to;
    return known ?? this.#joined?.peers.find((address) => address.peer === peer)?.uri ?? null;
  }

  /** Not before it is no member any more: until then its answers are counted. */
  isRemoved(peer: PeerId): boolean {
    return this.state.removedPeers.has(peer) && !this.#life.isMember(peer);
  }

  #live(storage: RaftStorage, stored: StoredRaft): RaftLife {
    const { random, compactEntries, tickPeriodMs, uri, version, report } = this.#options;
    const duties = { uri, version, report };
    const options = { self: this.self, random, compactEntries, tickPeriodMs, duties };
    return new RaftLife(storage, stored, options, {
      onState: (state, proposals, installed) => this.#onState(state, proposals, installed),
      onLeader: () => this.#onLeader(),
      onReads: (confirmed, aborted) => this.#reads.take(confirmed, aborted),
      onFailure: (error) => this.#onFailure(error),
    });
  }

  #tick(): void {
    if (this.#life.driver.ended) return;
    this.#reads.ask(this.#life.raft);
    this.#life.tick();
  }

  #onState(state: ReplicatedState, proposals: readonly AppliedProposal[], installed: boolean): void {
    this.#thread = working();
    // After a failure Raft begins again from its snapshot; those who listen have seen what comes then.
    if (installed || state.metadata.appliedIndex > this.state.appliedIndex) {
      this.#rebuildMs = firstRebuildMs;
      this.#state = state;
      this.#listeners.tell(state.metadata);
    }
    if (installed) this.#proposals.settleFrom(state);
    for (const { id, applied } of proposals) {
      if (id.peer !== this.self || id.incarnation !== this.#identity.incarnation) continue;
      this.#proposals.settle(id.number, applied);
    }
    this.#life.followState();
    this.#show();
  }

  #onLeader(): void {
    this.#proposals.sendAgain();
    this.#life.deliver();
    this.#reads.ask(this.#life.raft);
    this.#show();
  }

  #show(): void {
    const status = this.#life.raft.status();
    this.#stateFile.show(status, this.#life.driver.latestSnapshot, this.state);
    const gone = this.isRemoved(this.self) && status.role !== 'leader';
    if (gone) queueMicrotask(() => this.#becomeRemoved());
  }

  #becomeRemoved(): void {
    if (this.#removed) return;
    this.#removed = true;
    this.#stopTimers();
    this.#thread = { kind: 'stopped' };
    this.#proposals.close(this.#removedError());
    this.#life.driver.close().catch(() => undefined);
    this.#listeners.tell(this.state);
  }

  #onFailure(error: unknown): void {
    if (this.#closing.signal.aborted || this.#removed) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#thread = { kind: 'stopped-with-error', error: reason };
    this.#options.report('error', `Consensus stopped, and is built again from disk in ${this.#rebuildMs} ms`, error);
    this.#rebuildTimer = setTimeout(() => void this.#rebuild(), this.#rebuildMs);
    this.#rebuildMs = Math.min(this.#rebuildMs * 2, lastRebuildMs);
  }

  async #rebuild(): Promise<void> {
    try {
      await this.#life.driver.close().catch(() => undefined);
      const { storage, stored } = await RaftStorage.open(raftFolder(this.#options.storageFolder), this.#options.addon);
      if (stored === null || this.#closing.signal.aborted) {
        await storage.close();
        if (stored === null) throw new Error('the state of Raft is gone from the disk');
        return;
      }
      this.#life = this.#live(storage, stored);
      this.#thread = working();
      this.#proposals.sendAgain();
      this.#reads.askAgain();
      if (this.#transport !== null) this.#life.attach(this.#transport, this.#proposals, this);
      this.#life.driver.pump();
    } catch (error) {
      this.#onFailure(error);
    }
  }

  #knowsItself(): boolean {
    return this.state.peers.has(this.self) || this.state.removedPeers.has(this.self);
  }

  async #join(transport: RaftTransport): Promise<void> {
    const { bootstrapUri, bootstrapTimeoutMs, uri, storageFolder } = this.#options;
    const known = (this.#joined?.peers ?? []).filter(({ peer }) => peer !== this.self).map((address) => address.uri);
    const uris = [...(bootstrapUri === null ? [] : [bootstrapUri]), ...known];
    const request = { peer: this.self, uri };
    const signal = this.#closing.signal;
    const joined = await joinCluster(transport, { uris, request, timeoutMs: bootstrapTimeoutMs, signal });
    signal.throwIfAborted();
    await writeIdentity(raftFolder(storageFolder), { ...this.#identity, joined });
    this.#joined = joined;
    try {
      await this.#when(() => this.#knowsItself(), bootstrapTimeoutMs, 'The cluster did not send its metadata');
    } catch (error) {
      throw new JoinFailedError('This node was let into the cluster, which did not send its metadata in time', {
        cause: error,
      });
    }
  }

  #when(condition: () => boolean, timeoutMs: number, otherwise: string): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (error: ServiceError | null): void => {
        clearTimeout(timer);
        end();
        if (error === null) resolve();
        else reject(error);
      };
      const timer = setTimeout(
        () => finish(new ServiceError('timeout', `${otherwise} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const end = this.subscribe(() => {
        if (condition()) finish(null);
      });
      const { signal } = this.#closing;
      signal.addEventListener('abort', () => finish(new ServiceError('unavailable', 'The node is shutting down')), {
        once: true,
      });
    });
  }

  /** Knows then what of its log is committed. */
  async #leadAlone(): Promise<void> {
    if (!this.#life.isOnlyVoter) return;
    const { lastIndex } = this.#life.raft.status();
    this.#life.leadAlone();
    await this.#when(() => this.state.appliedIndex > lastIndex, defaultTimeoutMs, 'This node did not lead itself');
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#rebuildTimer !== null) clearTimeout(this.#rebuildTimer);
  }

  #removedError(): ServiceError {
    return new ServiceError('internal', 'This peer was removed from the cluster');
  }

  #whyLate(): ServiceError {
    const { leader } = this.#life;
    if (this.#thread.kind === 'stopped-with-error') {
      return new ServiceError('internal', `Consensus is stopped on this node: ${this.#thread.error}`);
    }
    return new ServiceError(
      'internal',
      leader === null
        ? `${this.#noLeader()}. The operation may still be applied when there is one`
        : `The operation was not agreed on in time under leader ${leader}. It may still be applied later`,
    );
  }

  #noLeader(): string {
    const voters = this.#life.raft.status().confState.voters.length;
    return `The cluster has no leader: it takes a majority of its ${voters} voting peers to have one`;
  }
}

function working(): ConsensusThreadStatus {
  return { kind: 'working', lastUpdate: new Date().toISOString() };
}
