/**
 * Several nodes in one process: real collections, replica sets and shards, with a metadata state that they
 * share and a network that the test cuts. What a node does by itself is what it does in a cluster.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CollectionReplicaHost } from '../../src/collection/collection-replica-host.js';
import { LocalCollections } from '../../src/collection/local-collections.js';
import { checkMissedWrites } from '../../src/collection/missed-writes-check.js';
import { CollectionFolders } from '../../src/collection/collection-folders.js';
import { OpeningSlots } from '../../src/collection/opening-slots.js';
import type { Consensus } from '../../src/consensus/consensus.js';
import { StateListeners } from '../../src/consensus/state-listeners.js';
import { loadAddon, type NativeStore } from '../../src/engine/addon.js';
import { ServiceError, toServiceError } from '../../src/errors.js';
import { apply } from '../../src/metadata/apply.js';
import type { Applied, MetadataOperation } from '../../src/metadata/metadata-operation.js';
import {
  firstPeerMetadata,
  replicaOn,
  type MetadataState,
  type ShardState,
} from '../../src/metadata/metadata-state.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import type { ReplicaState } from '../../src/metadata/replica-state.js';
import { processClock } from '../../src/replica/replica-clock.js';
import {
  PeerUnreachable,
  ReplicaRefused,
  type RemoteReplicas,
  type ReplicaHost,
} from '../../src/replica/remote-replicas.js';
import { defaultReplicaSetLimits, ReplicaSet } from '../../src/replica/replica-set.js';
import type { LocalShard } from '../../src/shard/local-shard.js';
import { ledShards } from '../../src/transfer/led-shards.js';
import { ShardTransfers } from '../../src/transfer/shard-transfers.js';
import { defaultTransferLimits, type TransferEvent, type TransferLimits } from '../../src/transfer/transfer-options.js';
import { until } from '../peers/until.js';

export const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });

export const limits: TransferLimits = {
  ...defaultTransferLimits,
  ranges: { sentBytes: 4 * 1024, sentPointsMax: 50, comparedPointsMax: 400 },
  unreachableMs: 400,
  proposeTimeoutMs: 500,
  retryMs: 20,
};

/** What the nodes agree on, in one place: without a quorum nothing is agreed on. */
class Agreement {
  readonly #states: MetadataState[] = [];
  readonly #members = new Set<MemberConsensus>();
  quorum = true;

  constructor(peers: readonly PeerId[]) {
    const [first, ...others] = peers;
    if (first === undefined) throw new Error('a cluster has a peer');
    this.#states.push(firstPeerMetadata(first, `http://peer-${first}/`));
    for (const peer of others) this.agree({ kind: 'add-peer', peer, uri: `http://peer-${peer}/` });
  }

  get state(): MetadataState {
    const state = this.#states.at(-1);
    if (state === undefined) throw new Error('there is a first state');
    return state;
  }

  agree(operation: MetadataOperation): Applied {
    const { state, applied } = apply(this.state, operation);
    this.#states.push(state);
    for (const member of [...this.#members]) member.follow(this.#states);
    return applied;
  }

  join(member: MemberConsensus): void {
    this.#members.add(member);
    member.follow(this.#states);
  }

  leave(member: MemberConsensus): void {
    this.#members.delete(member);
  }
}

class MemberConsensus implements Consensus {
  readonly self: PeerId;
  readonly #agreement: Agreement;
  readonly #listeners = new StateListeners();
  #followed = 0;
  #state: MetadataState | null = null;
  #left = false;

  constructor(self: PeerId, agreement: Agreement) {
    this.self = self;
    this.#agreement = agreement;
    agreement.join(this);
  }

  get state(): MetadataState {
    if (this.#state === null) throw new Error('a member follows from its beginning');
    return this.#state;
  }

  follow(states: readonly MetadataState[]): void {
    for (; this.#followed < states.length; this.#followed += 1) {
      this.#state = states[this.#followed] ?? this.#state;
      this.#listeners.tell(this.state);
    }
  }

  async propose(operation: MetadataOperation): Promise<Applied> {
    await Promise.resolve();
    if (!this.#agreement.quorum || this.#left) throw new ServiceError('internal', 'There is no leader');
    return this.#agreement.agree(operation);
  }

  subscribe(listener: (state: MetadataState) => void): () => void {
    return this.#listeners.subscribe(listener);
  }

  reached(index: number, timeoutMs: number): Promise<void> {
    return this.#listeners.reached(this.state.appliedIndex, index, timeoutMs);
  }

  leave(): void {
    this.#left = true;
    this.#agreement.leave(this);
  }
}

/** Rejects when the connection of a node is cut. */
class Wire {
  #cut: () => void = () => undefined;
  #broken: Promise<never>;
  up = true;

  constructor() {
    this.#broken = this.#fresh();
  }

  get broken(): Promise<never> {
    return this.#broken;
  }

  cut(): void {
    this.up = false;
    this.#cut();
  }

  mend(): void {
    this.up = true;
    this.#broken = this.#fresh();
  }

  #fresh(): Promise<never> {
    const broken = new Promise<never>((_resolve, reject) => {
      this.#cut = () => reject(new Error('the connection broke'));
    });
    broken.catch(() => undefined);
    return broken;
  }
}

export interface OpenNode {
  readonly consensus: MemberConsensus;
  readonly collections: LocalCollections;
  readonly transfers: ShardTransfers;
  readonly host: ReplicaHost;
  readonly store: NativeStore;
}

export interface TestNode {
  readonly peer: PeerId;
  readonly folder: string;
  readonly wire: Wire;
  readonly events: TransferEvent[];
  /** What the collections reported. */
  readonly errors: string[];
  open: OpenNode | null;
}

/** Sees each call between nodes before it is made; may hold it up. */
export type Tap = (call: {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly method: keyof RemoteReplicas;
}) => Promise<void> | void;

export class TestCluster {
  readonly agreement: Agreement;
  readonly #base = mkdtempSync(join(tmpdir(), 'vdb-transfer-'));
  readonly #nodes = new Map<PeerId, TestNode>();
  readonly #limits: TransferLimits;
  tap: Tap = () => undefined;

  private constructor(peers: readonly PeerId[], transferLimits: TransferLimits) {
    this.agreement = new Agreement(peers);
    this.#limits = transferLimits;
    for (const peer of peers) {
      const folder = join(this.#base, String(peer));
      this.#nodes.set(peer, { peer, folder, wire: new Wire(), events: [], errors: [], open: null });
    }
  }

  static async start(peers: readonly PeerId[], transferLimits = limits): Promise<TestCluster> {
    const cluster = new TestCluster(peers, transferLimits);
    for (const peer of peers) await cluster.startNode(peer);
    return cluster;
  }

  node(peer: PeerId): TestNode {
    const node = this.#nodes.get(peer);
    if (node === undefined) throw new Error(`there is no node ${peer}`);
    return node;
  }

  opened(peer: PeerId): OpenNode {
    const { open } = this.node(peer);
    if (open === null) throw new Error(`node ${peer} does not run`);
    return open;
  }

  async startNode(peer: PeerId): Promise<void> {
    const node = this.node(peer);
    const store = await addon.openStore(join(node.folder, 'rocksdb'), { blockCacheBytes: 1 << 20 });
    const consensus = new MemberConsensus(peer, this.agreement);
    const remote = this.#remoteOf(peer);
    const collections = this.#collections(node, consensus, remote, store);
    await collections.start({ tolerant: false });
    node.wire.mend();
    await checkMissedWrites(consensus, collections, remote);
    const transfers = new ShardTransfers(
      {
        consensus,
        remote,
        shards: ledShards(collections),
        clock: processClock,
        random: () => 0.5,
        limits: this.#limits,
        onEvent: (event) => node.events.push(event),
      },
      {
        limits: { incoming: 1, outgoing: 1 },
        leaderKnown: () => this.agreement.quorum,
        pauses: { firstMs: 20, longestMs: 200 },
      },
    );
    const host = new CollectionReplicaHost(consensus, collections);
    host.begin();
    node.open = { consensus, collections, transfers, store, host };
    collections.addFollower(transfers);
  }

  /** The node is gone for all others at once; its files are those of a moment later. */
  async crash(peer: PeerId): Promise<void> {
    const node = this.node(peer);
    node.wire.cut();
    const { open } = node;
    node.open = null;
    if (open === null) return;
    open.consensus.leave();
    await open.collections.close();
    await open.store.close();
  }

  async stop(): Promise<void> {
    for (const peer of this.#nodes.keys()) await this.crash(peer);
    rmSync(this.#base, { recursive: true, force: true });
  }

  shardState(name: string, shard = 0): ShardState {
    const found = this.agreement.state.collections.get(name)?.shards[shard];
    if (found === undefined) throw new Error(`there is no shard ${shard} of ${name}`);
    return found;
  }

  stateOf(name: string, peer: PeerId): ReplicaState | null {
    return replicaOn(this.shardState(name), peer)?.state ?? null;
  }

  transfers(name: string) {
    return this.agreement.state.collections.get(name)?.transfers ?? [];
  }

  local(name: string, peer: PeerId, shard = 0): LocalShard {
    const local = this.opened(peer).collections.get(name)?.locals.get(shard) ?? null;
    if (local === null) throw new Error(`node ${peer} has not opened shard ${shard} of ${name}`);
    return local;
  }

  /** Digests of all points that the node holds, shard by shard, and how many they are. */
  async contents(name: string, peer: PeerId): Promise<{ readonly count: number; readonly digest: string }> {
    const shards = this.opened(peer).collections.get(name)?.locals.all() ?? [];
    const parts = await Promise.all(shards.map(([, shard]) => shard.digestRange(null, null, 2 ** 32 - 1)));
    return {
      count: parts.reduce((count, part) => count + part.count, 0),
      digest: parts.map(({ digest }) => digest.toString('hex')).join(' '),
    };
  }

  async untilActive(name: string, peers: readonly PeerId[], limitMs = 15_000): Promise<void> {
    const wanted = peers.map((peer) => `${peer}:Active`).join(' ');
    const states = () => this.shardState(name).replicas.map(({ peer, state }) => `${peer}:${state}`);
    await until(
      `${wanted}, all of them Active`,
      () => states().join(' ') === wanted && this.transfers(name).length === 0,
      limitMs,
    ).catch((error: unknown) => {
      const errors = Array.from(this.#nodes.values(), (node) => node.errors.join(' ')).join(' ');
      throw new Error(`the replicas are ${states().join(' ')} ${errors}`, { cause: error });
    });
  }

  /** Waits until the replicas of the peers hold the same: what was acknowledged may have to be applied yet. */
  async untilEqual(name: string, peers: readonly PeerId[]): Promise<{ readonly count: number }> {
    let last = { count: -1, digest: '' };
    await until(`equal replicas on ${peers.join(', ')}`, async () => {
      const contents = await Promise.all(peers.map((peer) => this.contents(name, peer)));
      last = contents[0] ?? last;
      return contents.every(({ digest }) => digest === last.digest);
    });
    return { count: last.count };
  }

  #collections(node: TestNode, consensus: Consensus, remote: RemoteReplicas, store: NativeStore): LocalCollections {
    return new LocalCollections(
      {
        self: node.peer,
        codec: addon.codec,
        shards: {
          addon,
          store,
          folders: new CollectionFolders(node.folder, store),
          walSync: 'interval',
          walSyncIntervalMs: 200,
          opening: new OpeningSlots(2),
          mayDrop: () => true,
          onBackgroundError: (_collection, error) => node.errors.push(error.message),
        },
        replicasOf: ({ id, name }, shard, local, missed) =>
          new ReplicaSet({
            collection: { id, name },
            shard,
            metadata: consensus,
            remote,
            local,
            missed,
            agreed: (batches, minimum, order) => addon.codec.agreed(batches, minimum, order),
            clock: processClock,
            random: () => 0.5,
            limits: {
              ...defaultReplicaSetLimits,
              acceptTimeoutMs: 1_000,
              followTimeoutMs: 1_000,
              proposeTimeoutMs: 300,
            },
          }),
      },
      consensus,
    );
  }

  #remoteOf(from: PeerId): RemoteReplicas {
    const call = <T>(to: PeerId, method: keyof RemoteReplicas, body: (host: ReplicaHost) => Promise<T>): Promise<T> =>
      this.#call(from, to, method, body);
    return {
      forward: (peer, target, write, options) => call(peer, 'forward', (h) => h.forward(from, target, write, options)),
      acceptLeader: (peer, target, announcement, ms) =>
        call(peer, 'acceptLeader', (h) => h.acceptLeader(from, target, announcement, ms)),
      follow: (peer, target, operation, options) =>
        call(peer, 'follow', (h) => h.follow(from, target, Buffer.from(operation), options)),
      replaceRange: (peer, target, change, ms) =>
        call(peer, 'replaceRange', (h) =>
          h.replaceRange(from, target, { ...change, operation: Buffer.from(change.operation) }, ms),
        ),
      search: (peer, target, request, ms) => call(peer, 'search', (h) => h.search(from, target, request, ms)),
      retrieve: (peer, target, request, ms) => call(peer, 'retrieve', (h) => h.retrieve(from, target, request, ms)),
      scroll: (peer, target, request, ms) => call(peer, 'scroll', (h) => h.scroll(from, target, request, ms)),
      count: (peer, target, request, ms) => call(peer, 'count', (h) => h.count(from, target, request, ms)),
      info: (peer, target, ms) => call(peer, 'info', (h) => h.info(from, target, ms)),
      rangeDigest: (peer, target, range, ms) =>
        call(peer, 'rangeDigest', (h) => h.rangeDigest(from, target, range, ms)),
      missedWrites: (peer, ms) => call(peer, 'missedWrites', (h) => h.missedWrites(from, ms)),
    };
  }

  readonly #streams = new Map<string, Promise<void>>();

  async #call<T>(
    from: PeerId,
    to: PeerId,
    method: keyof RemoteReplicas,
    body: (host: ReplicaHost) => Promise<T>,
  ): Promise<T> {
    const ordered = method === 'follow' || method === 'replaceRange' || method === 'acceptLeader';
    const stream = `${from}>${to}`;
    const before = ordered ? this.#streams.get(stream) : undefined;
    const turn = Promise.resolve(before).then(() => this.tap({ from, to, method }));
    if (ordered)
      this.#streams.set(
        stream,
        turn.catch(() => undefined),
      );
    try {
      const wires = [this.node(from).wire, this.node(to).wire];
      const cut = Promise.race(wires.map(({ broken }) => broken));
      await Promise.race([turn, cut]);
      const { open } = this.node(to);
      if (open === null || wires.some(({ up }) => !up)) throw new Error('the peer is away');
      const answer = body(open.host).catch((error: unknown) => {
        throw error instanceof ReplicaRefused ? error : toServiceError(error);
      });
      return await Promise.race([answer, cut]);
    } catch (error) {
      if (error instanceof ReplicaRefused || error instanceof ServiceError) throw error;
      throw new PeerUnreachable(to, error instanceof Error ? error.message : String(error));
    }
  }
}
