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
import type { SoftState } from '../raft/ready.js';
import type { Consensus } from './consensus.js';
import type { ConsensusStatus, ConsensusThreadStatus } from './consensus-status.js';
import { joinCluster } from './joining.js';
import { MemberDuties } from './member-duties.js';
import { writeIdentity, type JoinedCluster, type PeerIdentity } from './peer-identity.js';
import { ProposalDelivery } from './proposal-delivery.js';
import { decodeProposal } from './proposal-entry.js';
import { Proposals } from './proposals.js';
import { RaftDriver, type AppliedProposal, type DriverEvents } from './raft-driver.js';
import { openRaft, raftFolder, raftStatePath, type OpeningOptions } from './raft-opening.js';
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
import { SnapshotAssembler } from './snapshot-pieces.js';
import { SnapshotSender } from './snapshot-sender.js';
import { StateListeners } from './state-listeners.js';

/** As long as the original waits for an operation on metadata. */
const defaultTimeoutMs = 10_000;

/** How long a peer that wants to be added waits for the others to agree. */
const addPeerTimeoutMs = 5_000;

const firstRebuildMs = 1_000;
const lastRebuildMs = 300_000;

/** How long a leader that stops waits for another to take over. */
const handOverMs = 1_000;

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
  #driver: RaftDriver;
  #assembler: SnapshotAssembler;
  #delivery: ProposalDelivery | null = null;
  #duties: MemberDuties | null = null;
  #snapshotSender: SnapshotSender | null = null;
  #transport: RaftTransport | null = null;
  #state: ReplicatedState;
  #softState: SoftState = { role: 'follower', leader: null, term: 0 };
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
    this.#assembler = new SnapshotAssembler(this.self);
    this.#driver = this.#live(storage, stored);
  }

  /** Reads the disk. Nothing is sent before `start`. */
  static async open(options: RaftConsensusOptions): Promise<RaftConsensus> {
    const { identity, storage, stored } = await openRaft(options);
    const consensus = new RaftConsensus(options, identity, storage, stored);
    // What is known as committed is applied before anybody looks at the state.
    consensus.#driver.pump();
    return consensus;
  }

  /**
   * Takes part from now on. Resolves when this node is in its own state: at once after a restart, by joining for
   * a new one. Throws `JoinRefusedError` and `JoinFailedError`. The network must take messages already.
   */
  async start(transport: RaftTransport): Promise<void> {
    this.#transport = transport;
    this.#assist();
    this.#timer = setInterval(() => this.#tick(), this.#options.tickPeriodMs);
    if (!this.#knowsItself()) await (this.#joining = this.#join(transport));
    await this.#leadAlone();
  }

  /** Hands leadership over if it can, then stops. What is proposed and not applied yet is answered with an error. */
  async close(): Promise<void> {
    await this.#handOver();
    this.#closing.abort();
    this.#stopTimers();
    this.#thread = { kind: 'stopped' };
    this.#proposals.close(new ServiceError('unavailable', 'The node is shutting down'));
    await this.#joining?.catch(() => undefined);
    await this.#driver.close();
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
    this.#delivery?.deliver(this.#softState);
    return applied;
  }

  /** Resolves when `state` holds everything that was agreed on before this was called. */
  barrier(timeoutMs: number): Promise<void> {
    if (this.removed) return Promise.reject(this.#removedError());
    const passed = this.#reads.wait(timeoutMs);
    this.#reads.ask(this.#driver.raft);
    this.#driver.wake();
    return passed;
  }

  /** Asks the leader for its whole state. Without effect on the leader itself. */
  recover(): Promise<void> {
    if (this.#softState.role === 'leader' || this.#driver.raft.requestSnapshot()) {
      this.#driver.wake();
      return Promise.resolve();
    }
    return Promise.reject(new ServiceError('internal', this.#noLeader()));
  }

  status(): ConsensusStatus {
    const { term, commit, applied, leader, role, confState } = this.#driver.raft.status();
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
    if (this.#driver.ended) return;
    for (const message of messages) if (message.from === from) this.#driver.raft.step(message);
    this.#driver.wake();
  }

  onSnapshotPiece(from: PeerId, piece: SnapshotPiece): Promise<void> {
    const message = this.#assembler.take(from, piece);
    if (message !== null) this.onMessages(from, [message]);
    return Promise.resolve();
  }

  onPropose(from: PeerId, entries: readonly Uint8Array[]): Promise<ProposeAnswer> {
    if (this.#driver.ended) return Promise.resolve({ kind: 'not-leader', leader: null });
    for (const entry of entries) {
      // Once it is in the log, an entry that nobody can apply would stop the whole cluster.
      if (decodeProposal(entry).id.peer !== from) throw new ServiceError('bad-request', 'A proposal of another peer');
    }
    const { raft } = this.#driver;
    try {
      for (const entry of entries) {
        const outcome = raft.propose(entry);
        if (outcome.kind === 'not-leader') return Promise.resolve(outcome);
        if (outcome.kind !== 'accepted') return Promise.resolve({ kind: 'busy' });
      }
      return Promise.resolve({ kind: 'accepted' });
    } finally {
      this.#driver.wake();
    }
  }

  async onAddPeer({ peer, uri }: AddPeerRequest): Promise<AddPeerAnswer> {
    const { cluster, peers: members } = this.state;
    const known = members.get(peer)?.uri ?? null;
    // A peer of two, say, that moved: without reaching it there is no majority that could agree on its address.
    if (known !== null && known !== uri) this.#moved.set(peer, { from: known, to: uri });
    if (cluster === 0) return { kind: 'failed', message: 'this peer has not joined a cluster itself' };
    try {
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

  onReached(index: number, timeoutMs: number): Promise<void> {
    return this.reached(index, timeoutMs);
  }

  onUnreachable(peer: PeerId): void {
    if (this.#driver.ended) return;
    this.#driver.raft.reportUnreachable(peer);
    this.#driver.raft.leaderUnreachable(peer);
    this.#driver.wake();
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
    if (!this.state.removedPeers.has(peer)) return false;
    const { voters, learners } = this.#driver.raft.status().confState;
    return !voters.includes(peer) && !learners.includes(peer);
  }

  #live(storage: RaftStorage, stored: StoredRaft): RaftDriver {
    const { random, compactEntries } = this.#options;
    const events: DriverEvents = {
      send: (messages) => this.#send(messages),
      onState: (state, proposals, installed) => this.#onState(state, proposals, installed),
      onSoftState: (softState) => this.#onSoftState(softState),
      onReads: (confirmed, aborted) => this.#reads.take(confirmed, aborted),
      onFailure: (error) => this.#onFailure(error),
    };
    return new RaftDriver(storage, stored, { self: this.self, random, compactEntries }, events);
  }

  /** What works for one life of Raft, as soon as there is a network. */
  #assist(): void {
    const transport = this.#transport;
    if (transport === null) return;
    const { tickPeriodMs, uri, version, report } = this.#options;
    this.#delivery = new ProposalDelivery(this.#driver, this.#proposals, transport, this.self, tickPeriodMs);
    this.#duties = new MemberDuties(this, this.#driver, transport, { uri, version, report });
    this.#snapshotSender = new SnapshotSender(this.#driver, transport);
  }

  #tick(): void {
    if (this.#driver.ended) return;
    this.#driver.raft.tick();
    this.#reads.ask(this.#driver.raft);
    this.#duties?.tick();
    this.#delivery?.deliver(this.#softState);
    this.#driver.wake();
  }

  #send(messages: readonly Message[]): void {
    const byPeer = new Map<PeerId, Message[]>();
    for (const message of messages) {
      if (message.type === 'snapshot') this.#snapshotSender?.send(message);
      else if (byPeer.get(message.to)?.push(message) === undefined) byPeer.set(message.to, [message]);
    }
    for (const [peer, list] of byPeer) this.#transport?.send(peer, list);
  }

  #onState(state: ReplicatedState, proposals: readonly AppliedProposal[], installed: boolean): void {
    this.#rebuildMs = firstRebuildMs;
    this.#thread = working();
    // After a failure Raft begins again from its snapshot; those who listen have seen what comes then.
    if (installed || state.metadata.appliedIndex > this.state.appliedIndex) {
      this.#state = state;
      this.#listeners.tell(state.metadata);
    }
    if (installed) this.#proposals.settleFrom(state);
    for (const { id, applied } of proposals) {
      if (id.peer !== this.self || id.incarnation !== this.#identity.incarnation) continue;
      this.#proposals.settle(id.number, applied);
    }
    this.#duties?.onState();
    this.#delivery?.deliver(this.#softState);
    this.#show();
  }

  #onSoftState(softState: SoftState): void {
    const moved = softState.leader !== this.#softState.leader || softState.term !== this.#softState.term;
    this.#softState = softState;
    if (moved) this.#proposals.sendAgain();
    this.#delivery?.deliver(softState);
    this.#reads.ask(this.#driver.raft);
    this.#show();
  }

  #show(): void {
    const status = this.#driver.raft.status();
    this.#stateFile.show(status, this.#driver.latestSnapshot, this.state);
    const members = [...status.confState.voters, ...status.confState.learners];
    const gone = this.state.removedPeers.has(this.self) && !members.includes(this.self);
    if (gone && status.role !== 'leader') queueMicrotask(() => this.#becomeRemoved());
  }

  #becomeRemoved(): void {
    if (this.#removed) return;
    this.#removed = true;
    this.#stopTimers();
    this.#thread = { kind: 'stopped' };
    this.#proposals.close(this.#removedError());
    this.#driver.close().catch(() => undefined);
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
      await this.#driver.close().catch(() => undefined);
      const { storage, stored } = await RaftStorage.open(raftFolder(this.#options.storageFolder), this.#options.addon);
      if (stored === null || this.#closing.signal.aborted) {
        await storage.close();
        if (stored === null) throw new Error('the state of Raft is gone from the disk');
        return;
      }
      this.#softState = { role: 'follower', leader: null, term: 0 };
      this.#assembler = new SnapshotAssembler(this.self);
      this.#driver = this.#live(storage, stored);
      this.#thread = working();
      this.#proposals.sendAgain();
      this.#reads.askAgain();
      this.#assist();
      this.#driver.pump();
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
    await this.#when(() => this.#knowsItself(), bootstrapTimeoutMs, 'The cluster did not send its metadata');
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

  /** The only voter needs no timeout to find that nobody else leads, and knows then what of its log is committed. */
  async #leadAlone(): Promise<void> {
    const { raft } = this.#driver;
    const { voters } = raft.status().confState;
    if (voters.length !== 1 || voters[0] !== this.self) return;
    const restoredIndex = raft.status().lastIndex;
    for (let tick = 0; tick < 100 && raft.status().role === 'follower'; tick += 1) raft.tick();
    this.#driver.pump();
    await this.#when(() => this.state.appliedIndex > restoredIndex, defaultTimeoutMs, 'This node did not lead itself');
  }

  async #handOver(): Promise<void> {
    const { raft } = this.#driver;
    const { role, confState, progress } = raft.status();
    if (this.#driver.ended || role !== 'leader' || this.#timer === null) return;
    const heirs = progress.filter(({ peer, recentlyActive }) => recentlyActive && confState.voters.includes(peer));
    const heir = heirs.sort((a, b) => b.match - a.match)[0];
    if (heir === undefined || raft.transferLeader(heir.peer).kind !== 'accepted') return;
    this.#driver.wake();
    const deadline = performance.now() + handOverMs;
    while (raft.status().role === 'leader' && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#rebuildTimer !== null) clearTimeout(this.#rebuildTimer);
  }

  #removedError(): ServiceError {
    return new ServiceError('internal', 'This peer was removed from the cluster');
  }

  #whyLate(): ServiceError {
    const { leader } = this.#softState;
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
    const voters = this.#driver.raft.status().confState.voters.length;
    return `The cluster has no leader: it takes a majority of its ${voters} voting peers to have one`;
  }
}

function working(): ConsensusThreadStatus {
  return { kind: 'working', lastUpdate: new Date().toISOString() };
}
