/** Three or four peers, writers on all of them, and everything that goes wrong; then what must be true. */
import type { MetadataOperation } from '../../../src/metadata/metadata-operation.js';
import { apply } from '../../../src/metadata/apply.js';
import {
  collectionById,
  firstPeerMetadata,
  updateLeader,
  type MetadataState,
  type ShardState,
} from '../../../src/metadata/metadata-state.js';
import type { PeerId } from '../../../src/metadata/peer-id.js';
import { isSourceOfTruth } from '../../../src/metadata/replica-state.js';
import type { ReplicaSetLimits } from '../../../src/replica/replica-set.js';
import type { ShardWrite, WriteOrdering } from '../../../src/replica/remote-replicas.js';
import { randomBelow, seededRandom, type Random } from '../../faults/seeded-random.js';
import { config } from '../../metadata/operations.js';
import {
  applyOperation,
  decodeOperation,
  encodeOperation,
  type ModelOperation,
  type ModelPayload,
} from './model-operations.js';
import { AgreedLog } from './simulated-consensus.js';
import { SimulatedNetwork } from './simulated-network.js';
import { SimulatedPeer, type PeerWorld } from './simulated-peer.js';
import { VirtualTime } from './virtual-time.js';

const limits: ReplicaSetLimits = {
  acceptTimeoutMs: 300,
  followTimeoutMs: 400,
  bytesInFlightMax: 2_000,
  metadataWaitMs: 300,
  proposeTimeoutMs: 300,
  agreeTimeoutMs: 2_000,
  writeTimeoutMs: 4_000,
  readTimeoutMs: 2_000,
};

/** Points that all writers change, one that collects keys, and ids that one write each uses. */
const contended = 5;
const collector = 999;
const firstWitness = 1_000;

const healMs = 90_000;

/** A write that was acknowledged, and the sources of truth that have held it ever since. */
interface Acknowledged {
  readonly sequence: number;
  readonly wait: boolean;
  readonly witness: Witness;
  holders: Set<PeerId>;
}

type Witness = { readonly kind: 'point'; readonly id: number } | { readonly kind: 'key'; readonly key: string };

export interface SimulationReport {
  readonly problems: readonly string[];
  readonly acknowledged: number;
  readonly acknowledgedWithWait: number;
  readonly failed: number;
  /** Acknowledged without wait, and lost because all that had them were given up. */
  readonly givenUp: number;
  readonly crashes: number;
  readonly partitions: number;
  readonly metadataChanges: number;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly trace?: (line: string) => void;
}

export class SimulatedCluster {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #peers = new Map<PeerId, SimulatedPeer>();
  readonly #durable = new Map<PeerId, Map<number, ModelPayload>>();
  readonly #network: SimulatedNetwork;
  readonly #log: AgreedLog;
  readonly #collection: number;
  readonly #trace: (line: string) => void;
  readonly #acknowledged: Acknowledged[] = [];
  readonly #problems: string[] = [];
  /** A short one ends soon after a single fault, before a later recovery mends what that did. */
  readonly #chaosMs: number;
  readonly #open = new Map<
    number,
    { readonly startedMs: number; readonly coordinator: PeerId; readonly incarnation: number }
  >();
  #sequence = 0;
  #failed = 0;
  #crashes = 0;
  #partitions = 0;
  #stopped = false;
  /** Nothing can be agreed on, although peers hear each other: an election goes on. */
  #leaderlessUntilMs = 0;

  constructor({ seed, trace }: SimulationOptions) {
    this.#random = seededRandom(seed);
    this.#time = new VirtualTime(this.#random);
    this.#trace = (line) => trace?.(`${this.#time.now().toFixed(1)} ${line}`);
    const peers = this.#pick(3) === 0 ? [1, 2, 3, 4] : [1, 2, 3];
    const { state, collection } = this.#firstState(peers);
    this.#collection = collection;
    this.#chaosMs = this.#time.between(150, this.#pick(3) === 0 ? 5_000 : 1_500);
    this.#log = new AgreedLog(state, (newest, operation) => this.#committed(newest, operation));
    this.#network = new SimulatedNetwork(this.#time, this.#peers, {
      lostBefore: 0.002 * this.#pick(4),
      lostAfter: 0.002 * this.#pick(4),
      latencyMs: () => (this.#random() < 0.03 ? this.#time.between(5, 80) : this.#time.between(0.2, 5)),
    });
    const world: PeerWorld = {
      time: this.#time,
      log: this.#log,
      collection: { id: collection, name: 'c' },
      peers,
      matches: (filter, payload, id) => id <= contended && (payload['v'] ?? 0) % 3 === filter[0],
      limits,
      network: () => this.#network,
      hasQuorum: (peer) => this.#hasQuorum(peer),
    };
    const seedOperation = encodeOperation({ kind: 'upsert', points: [{ id: collector, payload: {} }] });
    for (const id of peers) {
      const log = this.#watchedLog(id);
      log.push(seedOperation);
      this.#peers.set(id, new SimulatedPeer(id, world, { log, notes: null, position: 0 }));
    }
  }

  async run(): Promise<SimulationReport> {
    for (const peer of this.#peers.values()) await peer.start();
    for (let writer = 0; writer < 4; writer += 1) this.#write();
    this.#time.after(this.#time.between(50, 200), () => this.#disturb());
    await this.#time.run(this.#chaosMs, this.#chaosMs, () => false);
    this.#trace('healing');
    this.#stopped = true;
    this.#network.heal();
    this.#network.faults.lostBefore = 0;
    this.#network.faults.lostAfter = 0;
    this.#leaderlessUntilMs = 0;
    for (const peer of this.#peers.values()) {
      peer.slow = false;
      if (!peer.alive) await peer.start();
    }
    for (const peer of this.#peers.values()) peer.poke();
    const settled = await this.#time.run(this.#chaosMs + healMs, 500, () => this.#settled() === null);
    if (!settled) this.#problems.push(`not settled: ${this.#settled() ?? ''}`);
    else this.#checkContents();
    for (const peer of this.#peers.values()) peer.crash();
    return {
      problems: this.#problems,
      acknowledged: this.#acknowledged.length,
      acknowledgedWithWait: this.#acknowledged.filter(({ wait }) => wait).length,
      failed: this.#failed,
      givenUp: this.#acknowledged.filter(({ holders }) => holders.size === 0).length,
      crashes: this.#crashes,
      partitions: this.#partitions,
      metadataChanges: this.#log.states.length - 1,
    };
  }

  #pick(below: number): number {
    return randomBelow(this.#random, below);
  }

  #firstState(peers: readonly PeerId[]): { readonly state: MetadataState; readonly collection: number } {
    const [first = 1, ...others] = peers;
    let state = firstPeerMetadata(first, 'http://peer1:6335/');
    const replicas = peers.slice(0, this.#pick(4) === 0 ? 2 : 3);
    const params = {
      ...config.params,
      replicationFactor: replicas.length,
      writeConsistencyFactor: 1 + this.#pick(2),
    };
    const operations: MetadataOperation[] = [
      ...others.map((peer) => ({ kind: 'add-peer', peer, uri: `http://peer${peer}:6335/` }) as const),
      { kind: 'create-collection', name: 'c', config: { ...config, params }, placement: [replicas] },
    ];
    for (const operation of operations) ({ state } = apply(state, operation));
    const collection = state.collections.get('c')?.id ?? 0;
    for (const peer of replicas) {
      ({ state } = apply(state, { kind: 'activate-replicas', collection, peer, shards: [0] }));
    }
    return { state, collection };
  }

  /** A log that keeps what its operations come to. */
  #watchedLog(peer: PeerId): Uint8Array[] {
    const points = new Map<number, ModelPayload>();
    this.#durable.set(peer, points);
    const log: Uint8Array[] = [];
    log.push = (...operations) => {
      for (const operation of operations) {
        const decoded = decodeOperation(operation);
        if (decoded !== null) applyOperation(points, decoded);
        log[log.length] = operation;
      }
      return log.length;
    };
    return log;
  }

  #shard(state = this.#log.newest): ShardState {
    const shard = collectionById(state, this.#collection)?.shards[0];
    if (shard === undefined) throw new Error('the collection is not dropped');
    return shard;
  }

  #hasQuorum(peer: PeerId): boolean {
    if (this.#time.now() < this.#leaderlessUntilMs) return false;
    const reached = [...this.#peers.values()].filter(({ id, alive }) => alive && this.#network.connected(peer, id));
    return reached.length * 2 > this.#peers.size;
  }

  #holds(peer: PeerId, witness: Witness): boolean {
    const points = this.#durable.get(peer);
    switch (witness.kind) {
      case 'point':
        return points?.has(witness.id) === true;
      case 'key':
        return points?.get(collector)?.[witness.key] !== undefined;
    }
  }

  #sourcesOfTruth(state = this.#log.newest): readonly PeerId[] {
    return this.#shard(state)
      .replicas.filter((replica) => isSourceOfTruth(replica.state))
      .map(({ peer }) => peer);
  }

  #committed(state: MetadataState, operation: MetadataOperation): void {
    const replicas = this.#shard(state)
      .replicas.map((replica) => `${replica.peer}:${replica.state}`)
      .join(' ');
    this.#trace(`agreed ${state.appliedIndex} ${JSON.stringify(operation)} -> ${replicas}`);
    for (const peer of this.#peers.values()) peer.poke();
    const trusted = this.#sourcesOfTruth(state);
    for (const write of this.#acknowledged) {
      const left = trusted.filter((peer) => write.holders.has(peer));
      // Who has it by now, and whoever lost it again, as long as nobody else could have led meanwhile.
      const copied = left.length === 0 ? [] : trusted.filter((peer) => this.#holds(peer, write.witness));
      write.holders = new Set([...left, ...copied]);
    }
  }

  #write(): void {
    if (this.#stopped) return;
    const running = [...this.#peers.values()].filter(({ alive }) => alive);
    const coordinator = running[this.#pick(running.length)];
    this.#time.after(this.#time.between(0.5, 30), () => this.#write());
    if (coordinator === undefined || coordinator.set === null) return;
    this.#sequence += 1;
    const sequence = this.#sequence;
    const orderings = ['weak', 'weak', 'medium', 'strong'] as const;
    const ordering: WriteOrdering = orderings[this.#pick(orderings.length)] ?? 'weak';
    const wait = this.#random() < 0.4;
    const { write, witness } = this.#drawWrite(sequence);
    this.#open.set(sequence, {
      startedMs: this.#time.now(),
      coordinator: coordinator.id,
      incarnation: coordinator.incarnation,
    });
    const timeoutMs = this.#pick(3) === 0 ? 1_500 : null;
    coordinator.set.write(write, { wait, ordering, timeoutMs }).then(
      () => {
        this.#open.delete(sequence);
        this.#trace(`${sequence} ${ordering} ${wait ? 'wait ' : ''}acknowledged by ${coordinator.id}`);
        if (witness !== null) this.#noteAcknowledged(sequence, wait, witness);
      },
      (error: unknown) => {
        this.#open.delete(sequence);
        this.#failed += 1;
        this.#trace(`${sequence} ${ordering} failed at ${coordinator.id}: ${String(error)}`);
      },
    );
  }

  #noteAcknowledged(sequence: number, wait: boolean, witness: Witness): void {
    const trusted = this.#sourcesOfTruth();
    const holders = new Set(trusted.filter((peer) => this.#holds(peer, witness)));
    if (wait && holders.size < trusted.length) {
      this.#problems.push(
        `${sequence} was acknowledged with wait, and of ${trusted.join()} only ${[...holders].join()} have it`,
      );
    }
    this.#acknowledged.push({ sequence, wait, witness, holders });
  }

  #drawWrite(sequence: number): { readonly write: ShardWrite; readonly witness: Witness | null } {
    const id = 1 + this.#pick(contended);
    const plain = (operation: ModelOperation): ShardWrite => ({
      kind: 'operation',
      operation: encodeOperation(operation),
    });
    const matching = (operation: ModelOperation): ShardWrite => ({
      kind: 'filtered',
      filter: Uint8Array.of(this.#pick(3)),
      operation: encodeOperation(operation),
    });
    const v = sequence;
    switch (this.#pick(8)) {
      case 0:
      case 1: {
        const witness = firstWitness + sequence;
        const points = [
          { id, payload: { v } },
          { id: witness, payload: { v } },
        ];
        return { write: plain({ kind: 'upsert', points }), witness: { kind: 'point', id: witness } };
      }
      case 2:
      case 3: {
        const key = `s${sequence}`;
        const payload = { [key]: v };
        return { write: plain({ kind: 'set', ids: [id, collector], payload }), witness: { kind: 'key', key } };
      }
      case 4:
        return { write: plain({ kind: 'delete', ids: [id] }), witness: null };
      case 5:
        return { write: matching({ kind: 'delete', ids: [] }), witness: null };
      case 6:
        return { write: matching({ kind: 'set', ids: [], payload: { v, [`f${sequence % 4}`]: v } }), witness: null };
      default:
        return { write: plain({ kind: 'overwrite', ids: [id], payload: { v, o: 1 } }), witness: null };
    }
  }

  #disturb(): void {
    if (this.#stopped) return;
    this.#time.after(this.#time.between(10, 700), () => this.#disturb());
    const ids = [...this.#peers.keys()];
    const peer = this.#peers.get(ids[this.#pick(ids.length)] ?? 0);
    if (peer === undefined) return;
    const forMs = this.#time.between(20, 1_200);
    const leader = this.#peers.get(updateLeader(this.#shard()) ?? 0);
    switch (this.#pick(9)) {
      case 0:
        this.#crash(peer);
        return;
      case 1:
        if (leader !== undefined) this.#crash(leader);
        return;
      case 2:
        this.#partitions += 1;
        this.#trace(`${peer.id} is isolated for ${forMs.toFixed(0)}`);
        for (const other of ids) if (other !== peer.id) this.#apart(peer.id, other, forMs);
        return;
      case 3:
      case 4: {
        const other = ids[this.#pick(ids.length)] ?? peer.id;
        this.#partitions += 1;
        this.#trace(`${peer.id} and ${other} are apart for ${forMs.toFixed(0)}`);
        if (other !== peer.id) this.#apart(peer.id, other, forMs);
        return;
      }
      case 5:
        this.#trace(`${peer.id} is slow for ${forMs.toFixed(0)}`);
        peer.slow = true;
        this.#time.after(forMs, () => (peer.slow = false));
        return;
      case 6:
      case 7:
        this.#leaderlessUntilMs = this.#time.now() + forMs;
        this.#trace(`nothing is agreed on for ${forMs.toFixed(0)}`);
        return;
      case 8:
        if (this.#pick(3) === 0) for (const other of this.#peers.values()) this.#crash(other);
    }
  }

  #apart(a: PeerId, b: PeerId, forMs: number): void {
    this.#network.cut(a, b);
    this.#time.after(forMs, () => this.#network.join(a, b));
  }

  #crash(peer: SimulatedPeer): void {
    if (!peer.alive) return;
    this.#trace(`${peer.id} crashes`);
    this.#crashes += 1;
    peer.crash();
    for (const [sequence, { coordinator }] of this.#open) if (coordinator === peer.id) this.#open.delete(sequence);
    this.#time.after(this.#time.between(20, 1_200), () => {
      if (peer.alive) return;
      this.#trace(`${peer.id} starts`);
      void peer.start();
    });
  }

  /** What is still going on, or null. */
  #settled(): string | null {
    const [open] = this.#open;
    if (open !== undefined)
      return `write ${open[0]} of ${open[1].startedMs.toFixed(0)} ms at peer ${open[1].coordinator} has no answer`;
    const notActive = this.#shard().replicas.find(({ state }) => state !== 'Active');
    if (notActive !== undefined) return `the replica on ${notActive.peer} is ${notActive.state}`;
    for (const peer of this.#peers.values()) {
      if (!peer.alive) return `${peer.id} is down`;
      if ((peer.set?.missedBy.size ?? 0) > 0)
        return `${peer.id} has notes about ${[...(peer.set?.missedBy ?? [])].join()}`;
      if (peer.set?.led()?.unverified.length !== undefined && peer.set.led()?.unverified.length !== 0)
        return `${peer.id} has replicas to compare`;
      const holds = this.#shard().replicas.some((replica) => replica.peer === peer.id);
      if (holds && peer.set?.readable !== true) return `${peer.id} does not answer reads`;
    }
    const leader = updateLeader(this.#shard());
    if (leader === null || this.#peers.get(leader)?.set?.led() === null) return 'nobody leads';
    return null;
  }

  #checkContents(): void {
    const contents = (peer: PeerId): string => {
      const points = [...(this.#peers.get(peer)?.shard?.points ?? [])].sort(([a], [b]) => a - b);
      return JSON.stringify(
        points.map(([id, payload]) => [id, Object.entries(payload).sort(([a], [b]) => (a < b ? -1 : 1))]),
      );
    };
    const [first, ...others] = this.#shard().replicas.map(({ peer }) => peer);
    if (first === undefined) return;
    for (const other of others) {
      if (contents(first) !== contents(other)) {
        this.#problems.push(`peers ${first} and ${other} differ:\n${contents(first)}\n${contents(other)}`);
      }
    }
    for (const { sequence, wait, witness, holders } of this.#acknowledged) {
      if (holders.size === 0) {
        if (wait) this.#problems.push(`${sequence}, acknowledged with wait, was given up`);
        continue;
      }
      if (!this.#holds(first, witness)) {
        this.#problems.push(
          `${sequence} was acknowledged${wait ? ' with wait' : ''}, held by ${[...holders].join()}, and is lost`,
        );
      }
    }
  }
}
