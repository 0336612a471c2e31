/** One simulated process of Qdrant on a pod: how it starts, joins, follows the others and ends. */
import { rejectionText } from '../../../../node/src/metadata/rejection.js';
import type { PeerId } from '../../../../node/src/metadata/peer-id.js';
import type { VirtualClock } from '../virtual-clock.js';
import { FakeConsensus, type Committed, type Member } from './fake-consensus.js';
import type { FakeDisk, PeerData } from './fake-disk.js';
import { ReplicaDuties } from './replica-duties.js';
import type { Timing } from './timing.js';

/** How the process treats what differs between our node and the original. */
export type Flavour = 'ours' | 'original';

export interface StartOptions {
  /** What names are looked up in: pods of one namespace and cluster find each other, others never. */
  readonly scope: string;
  readonly podName: string;
  readonly podUid: string;
  readonly ip: string;
  readonly disk: FakeDisk;
  readonly uri: string;
  /** Null: started without `--bootstrap`, as the first of a cluster or on the state of its volume. */
  readonly bootstrapUris: readonly string[] | null;
  /** The process ended by itself: 101 when the cluster refused it. */
  readonly onExit?: (code: number) => void;
}

export interface ProcessWorld {
  readonly clock: VirtualClock;
  readonly timing: Timing;
  readonly flavour: Flavour;
  readonly drawPeer: () => PeerId;
  readonly resolve: (scope: string, uri: string) => FakeProcess | null;
  readonly diskOf: (consensus: FakeConsensus, peer: PeerId) => FakeDisk | null;
  readonly onCommit: (scope: string, before: Committed, after: Committed) => void;
  readonly onBegin: (scope: string, consensus: FakeConsensus) => void;
  readonly nextTransferFate: () => TransferFate;
  readonly onEnd: (process: FakeProcess) => void;
}

/** What becomes of a transfer: it ends well, it is given up by its source, or nothing happens for ever. */
export type TransferFate = 'well' | 'fails' | 'stalls';

export class FakeProcess implements Member {
  readonly options: StartOptions;
  readonly world: ProcessWorld;
  /** It answers requests: not before it is in a cluster. */
  serving = false;
  running = true;
  connected = true;
  /** It was told that it was removed from its cluster. */
  removed = false;
  exit: { readonly code: number; readonly why: string } | null = null;
  #data: PeerData | null = null;
  #latchedReady = false;
  readonly #duties: ReplicaDuties;
  readonly #cancels = new Set<() => void>();

  constructor(options: StartOptions, world: ProcessWorld) {
    this.options = options;
    this.world = world;
    this.#duties = new ReplicaDuties(this);
    this.later(world.timing.startMs, () => this.#open());
  }

  /** 0 before it is in a cluster. */
  get peer(): PeerId {
    return this.#data?.peer ?? 0;
  }

  get consensus(): FakeConsensus | null {
    return this.#data?.consensus ?? null;
  }

  get seen(): Committed {
    if (this.#data === null) throw new Error(`${this.options.podName} has no state yet`);
    return this.#data.seen;
  }

  /** As readyz: latched, but our node takes it back when it was removed. */
  get ready(): boolean {
    if (this.removed) return this.world.flavour === 'original';
    return this.#latchedReady;
  }

  /** A timer that dies with the process. */
  later(ms: number, callback: () => void): () => void {
    const cancel = this.world.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      if (this.running) callback();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  /** As SIGKILL: at once. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    this.serving = false;
    this.#cancelAll();
    this.consensus?.stop(this);
    this.world.onEnd(this);
  }

  /** Cut off from the other peers; requests still reach it. */
  setConnected(connected: boolean): void {
    this.connected = connected;
    this.consensus?.reconsider();
  }

  see(committed: Committed): void {
    if (!this.running || this.removed || this.#data === null) return;
    this.#data.seen = committed;
    if (!committed.metadata.peers.has(this.peer)) {
      this.#becomeRemoved();
      return;
    }
    this.wake();
  }

  wake(): void {
    if (!this.serving || this.removed) return;
    this.#duties.look();
    this.#latchReady();
  }

  #open(): void {
    const { disk, bootstrapUris, uri } = this.options;
    if (disk.data !== null) {
      this.#takePart(disk.data);
      return;
    }
    disk.drawn ??= this.world.drawPeer();
    // Whoever is told to join itself is the first.
    if (bootstrapUris === null || bootstrapUris.includes(uri)) this.#begin(disk.drawn);
    else this.#join(disk.drawn, bootstrapUris, this.world.clock.nowMs() + this.world.timing.joinTimeoutMs, 0);
  }

  #begin(peer: PeerId): void {
    const { scope, uri, disk } = this.options;
    const consensus = new FakeConsensus(
      { peer, uri },
      {
        clock: this.world.clock,
        timing: this.world.timing,
        onCommit: (before, after) => this.world.onCommit(scope, before, after),
      },
    );
    disk.data = { peer, consensus, seen: consensus.latest };
    this.#takePart(disk.data);
    this.world.onBegin(scope, consensus);
  }

  #join(peer: PeerId, uris: readonly string[], endMs: number, attempt: number): void {
    const { scope, uri, disk } = this.options;
    const host = this.world.resolve(scope, uris[attempt % Math.max(1, uris.length)] ?? '');
    const consensus = host?.serving === true && host.connected && !host.removed ? host.consensus : null;
    const answer = consensus?.admit(peer, uri) ?? null;
    if (consensus !== null && answer !== null) {
      if (answer.rejection !== null) {
        this.#exit(101, rejectionText(answer.rejection));
        return;
      }
      // Killed in between, it is a peer of the cluster and does not know it: its volume still counts as empty.
      this.later(this.world.timing.applyMs, () => {
        disk.data = { peer, consensus, seen: consensus.latest };
        this.#takePart(disk.data);
      });
    } else if (this.world.clock.nowMs() >= endMs) {
      this.#exit(1, 'this node could not join a cluster in time');
    } else {
      this.later(this.world.timing.joinRetryMs, () => this.#join(peer, uris, endMs, attempt + 1));
    }
  }

  #takePart(data: PeerData): void {
    this.#data = data;
    this.serving = true;
    if (!data.seen.metadata.peers.has(data.peer)) {
      this.#becomeRemoved();
      return;
    }
    data.consensus.start(this);
    this.#duties.begin();
    this.wake();
  }

  /** Once it knows of a leader, has what was agreed on, and its own replicas are in order. */
  #latchReady(): void {
    const { consensus } = this;
    if (this.#latchedReady || consensus === null || !this.connected || consensus.leader === null) return;
    if (this.seen.index < consensus.latest.index) return;
    this.#latchedReady = [...this.seen.metadata.collections.values()].every(({ shards }) =>
      shards.every(({ replicas }) => replicas.every((one) => one.peer !== this.peer || one.state === 'Active')),
    );
  }

  #becomeRemoved(): void {
    this.removed = true;
    this.options.disk.keepOnly(new Set());
    this.#cancelAll();
    this.consensus?.stop(this);
  }

  #exit(code: number, why: string): void {
    this.exit = { code, why };
    this.stop();
    this.options.onExit?.(code);
  }

  #cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
