/** A network in one process: several peers with real journals, whose links and processes fail when told to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RaftConsensus, type RaftConsensusOptions } from '../../src/consensus/raft-consensus.js';
import type { AddPeerAnswer, ProposeAnswer, RaftTransport } from '../../src/consensus/raft-transport.js';
import { loadAddon } from '../../src/engine/addon.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import { seededRandom } from '../faults/seeded-random.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });

export const tickPeriodMs = 10;

/** Waits for a condition; the time is a limit, not a measure. */
export async function eventually(condition: () => boolean, what: string, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`It did not come to pass: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export class TestPeer {
  readonly folder: string;
  readonly reports: string[] = [];
  consensus: RaftConsensus | null = null;

  constructor(
    readonly network: Network,
    readonly uri: string,
    readonly number: number,
  ) {
    this.folder = mkdtempSync(join(tmpdir(), 'vdb-raft-'));
  }

  get raft(): RaftConsensus {
    if (this.consensus === null) throw new Error(`${this.uri} is down`);
    return this.consensus;
  }

  get id(): PeerId {
    return this.raft.self;
  }

  async open(options: Partial<RaftConsensusOptions> = {}): Promise<RaftConsensus> {
    this.consensus = await RaftConsensus.open({
      addon,
      storageFolder: this.folder,
      uri: this.uri,
      bootstrapUri: null,
      reinit: false,
      // The order of ids is that of the peers, which the transports of a test do not care for but its reader does.
      configuredPeerId: this.number,
      version: '1.0.0',
      tickPeriodMs,
      compactEntries: 32,
      bootstrapTimeoutMs: 10_000,
      random: seededRandom(this.number),
      report: (level, message, error) =>
        this.reports.push(`${level}: ${message}${error instanceof Error ? `: ${error.message}` : ''}`),
      ...options,
    });
    return this.consensus;
  }

  async start(options: Partial<RaftConsensusOptions> = {}): Promise<this> {
    const consensus = await this.open(options);
    await consensus.start(this.network.transport(this, consensus));
    return this;
  }

  /** Its process is gone at once: connections to it are refused, and nothing it has begun is finished. */
  async kill(): Promise<void> {
    const consensus = this.raft;
    this.consensus = null;
    const closed = consensus.close({ abruptly: true });
    for (const other of this.network.peers) other.consensus?.onUnreachable(consensus.self);
    await closed;
  }

  async stop(): Promise<void> {
    const consensus = this.raft;
    await consensus.close();
    this.consensus = null;
  }
}

export class Network {
  readonly peers: TestPeer[] = [];
  /** Addresses that nothing reaches and that reach nothing. */
  readonly cut = new Set<string>();
  #snapshotPieces = 0;

  get snapshotPieces(): number {
    return this.#snapshotPieces;
  }

  add(): TestPeer {
    const number = this.peers.length + 1;
    const peer = new TestPeer(this, `http://peer-${number}:6335/`, number);
    this.peers.push(peer);
    return peer;
  }

  /** Peers of one cluster, all of them voters. */
  async cluster(count: number, options: Partial<RaftConsensusOptions> = {}): Promise<readonly TestPeer[]> {
    const first = await this.add().start(options);
    for (let joined = 1; joined < count; joined += 1) {
      const peer = await this.add().start({ ...options, bootstrapUri: first.uri });
      await eventually(() => peer.raft.status().isVoter, `${peer.uri} votes`);
    }
    return this.peers.slice(-count);
  }

  leader(): TestPeer | null {
    const leaders = this.peers.filter(
      ({ uri, consensus }) => !this.cut.has(uri) && consensus?.status().role === 'Leader',
    );
    return leaders.sort((a, b) => b.raft.status().term - a.raft.status().term)[0] ?? null;
  }

  async newLeader(): Promise<TestPeer> {
    await eventually(() => this.leader() !== null, 'there is a leader');
    return this.leader()!;
  }

  async close(): Promise<void> {
    this.cut.clear();
    for (const peer of this.peers) await peer.consensus?.close();
    for (const peer of this.peers) rmSync(peer.folder, { recursive: true, force: true });
  }

  /** The peer at an address as another one reaches it: null when the link is cut, or nobody listens. */
  reach(from: TestPeer, uri: string | null): TestPeer | null {
    const peer = this.peers.find((other) => other.uri === uri);
    if (peer === undefined || this.cut.has(from.uri) || this.cut.has(peer.uri)) return null;
    return peer.consensus === null ? null : peer;
  }

  transport(from: TestPeer, self: RaftConsensus): RaftTransport {
    const target = (to: PeerId): RaftConsensus | null => {
      const peer = this.reach(from, self.addressOf(to));
      // A process that was killed and one that took its place are two.
      if (peer === null || from.consensus !== self) return null;
      if (peer.raft.isRemoved(self.self)) {
        self.onRemoved(peer.id);
        return null;
      }
      return peer.id === to && peer.raft.cluster === self.cluster ? peer.raft : null;
    };
    const reached = async <T>(to: PeerId, call: (receiver: RaftConsensus) => Promise<T>): Promise<T> => {
      await new Promise((resolve) => setImmediate(resolve));
      const receiver = target(to);
      if (receiver === null) throw new Error(`peer ${to} cannot be reached`);
      return call(receiver);
    };
    return {
      send: (to, messages) => void setImmediate(() => target(to)?.onMessages(self.self, messages)),
      sendSnapshotPiece: (to, piece) => {
        this.#snapshotPieces += 1;
        return reached(to, (receiver) => receiver.onSnapshotPiece(self.self, piece));
      },
      propose: (to, entries): Promise<ProposeAnswer> =>
        reached(to, (receiver) => receiver.onPropose(self.self, entries)),
      addPeer: async (uri, request): Promise<AddPeerAnswer> => {
        const peer = this.reach(from, uri);
        if (peer === null) throw new Error(`${uri} cannot be reached`);
        return peer.raft.onAddPeer(request);
      },
      reached: (peer, index, timeoutMs) => reached(peer, (receiver) => receiver.onReached(index, timeoutMs)),
      sendFailures: () => new Map(),
    };
  }
}
