/** A node that is nothing but its network: a consensus and a host that do what a test says. */
import type {
  AddPeerAnswer,
  AddPeerRequest,
  ProposeAnswer,
  RaftReceiver,
  SnapshotPiece,
} from '../../src/consensus/raft-transport.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import type { Message } from '../../src/raft/message.js';
import type { Lookup } from '../../src/peers/peer-channel.js';
import { PeerNetwork } from '../../src/peers/peer-network.js';
import { settingsSchema } from '../../src/settings/settings.js';
import { FakeHost } from './fake-host.js';

export const clusterNumber = 4711;

/** What the peers of a test know of each other. */
export class FakeCluster {
  readonly addresses = new Map<PeerId, string>();
  readonly removed = new Set<PeerId>();
}

export class FakeReceiver implements RaftReceiver {
  readonly #cluster: FakeCluster;
  cluster: number | null = clusterNumber;
  readonly received: { readonly from: PeerId; readonly message: Message }[] = [];
  readonly pieces: SnapshotPiece[] = [];
  readonly unreachable: PeerId[] = [];
  readonly removedBy: PeerId[] = [];
  readonly proposed: Uint8Array[] = [];
  propose: () => Promise<ProposeAnswer> = () => Promise.resolve({ kind: 'accepted' });
  addPeer: (request: AddPeerRequest) => Promise<AddPeerAnswer> = () =>
    Promise.resolve({ kind: 'failed', message: 'no leader' });
  reached: (index: number, timeoutMs: number) => Promise<void> = () => Promise.resolve();
  snapshotPiece: (piece: SnapshotPiece) => Promise<void> = () => Promise.resolve();

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
  }

  onMessages(from: PeerId, messages: readonly Message[]): void {
    for (const message of messages) this.received.push({ from, message });
  }

  onSnapshotPiece(_from: PeerId, piece: SnapshotPiece): Promise<void> {
    this.pieces.push(piece);
    return this.snapshotPiece(piece);
  }

  onPropose(_from: PeerId, entries: readonly Uint8Array[]): Promise<ProposeAnswer> {
    this.proposed.push(...entries);
    return this.propose();
  }

  onAddPeer(request: AddPeerRequest): Promise<AddPeerAnswer> {
    return this.addPeer(request);
  }

  onReached(index: number, timeoutMs: number): Promise<void> {
    return this.reached(index, timeoutMs);
  }

  onUnreachable(peer: PeerId): void {
    this.unreachable.push(peer);
  }

  onRemoved(by: PeerId): void {
    this.removedBy.push(by);
  }

  addressOf(peer: PeerId): string | null {
    return this.#cluster.addresses.get(peer) ?? null;
  }

  isRemoved(peer: PeerId): boolean {
    return this.#cluster.removed.has(peer);
  }
}

export interface FakePeerOptions {
  readonly lookup?: Lookup;
  /** Of the settings, beside address and port. */
  readonly service?: Readonly<Record<string, unknown>>;
  readonly clusterSettings?: Readonly<Record<string, unknown>>;
  readonly tls?: Readonly<Record<string, unknown>>;
  readonly p2p?: Readonly<Record<string, unknown>>;
  /** Where it listens; 127.0.0.1 unless a test moves a peer. */
  readonly ip?: string;
  readonly port?: number;
  /** What the others reach it by, when that is not its IP address. */
  readonly name?: string;
  readonly scheme?: 'http' | 'https';
}

export class FakePeer {
  readonly id: PeerId;
  readonly network: PeerNetwork;
  readonly receiver: FakeReceiver;
  readonly host: FakeHost;
  readonly port: number;

  private constructor(id: PeerId, network: PeerNetwork, receiver: FakeReceiver, host: FakeHost, port: number) {
    this.id = id;
    this.network = network;
    this.receiver = receiver;
    this.host = host;
    this.port = port;
  }

  /** Listens, and is known to the cluster from then on. */
  static async start(cluster: FakeCluster, id: PeerId, options: FakePeerOptions = {}): Promise<FakePeer> {
    const ip = options.ip ?? '127.0.0.1';
    const settings = settingsSchema.parse({
      service: { ...options.service, host: ip },
      cluster: { ...options.clusterSettings, p2p: { ...options.p2p, port: options.port ?? 0 } },
      tls: options.tls ?? {},
    });
    const network = new PeerNetwork({
      self: id,
      settings,
      describe: () => ({ version: '1.2.3', uptimeMs: 5, metadataIndex: 7, commitIndex: 8, ready: true }),
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    });
    const receiver = new FakeReceiver(cluster);
    const host = new FakeHost();
    network.attach(receiver);
    const port = await network.listen(receiver, host);
    cluster.addresses.set(id, `${options.scheme ?? 'http'}://${options.name ?? ip}:${port}`);
    return new FakePeer(id, network, receiver, host, port);
  }

  stop(graceMs = 0): Promise<void> {
    return this.network.stop(graceMs);
  }
}
