/** What a leader leaves behind when it goes away, step by step. */
import { describe, expect, it } from 'vitest';
import { apply } from '../../src/metadata/apply.js';
import type { MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { firstPeerMetadata, type MetadataState } from '../../src/metadata/metadata-state.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import { defaultReplicaSetLimits } from '../../src/replica/replica-set.js';
import type { WriteOrdering } from '../../src/replica/remote-replicas.js';
import { seededRandom } from '../faults/seeded-random.js';
import { config } from '../metadata/operations.js';
import { encodeOperation } from './simulation/model-operations.js';
import { AgreedLog } from './simulation/simulated-consensus.js';
import { SimulatedNetwork } from './simulation/simulated-network.js';
import { SimulatedPeer } from './simulation/simulated-peer.js';
import { VirtualTime } from './simulation/virtual-time.js';

const collection = 4;

function threeActive(): MetadataState {
  let state = firstPeerMetadata(1, 'http://peer1:6335/');
  const operations: MetadataOperation[] = [
    { kind: 'add-peer', peer: 2, uri: 'http://peer2:6335/' },
    { kind: 'add-peer', peer: 3, uri: 'http://peer3:6335/' },
    { kind: 'update-peer', peer: 1, version: '1' },
    { kind: 'create-collection', name: 'c', config, placement: [[1, 2, 3]] },
    ...[1, 2, 3].map((peer) => ({ kind: 'activate-replicas', collection, peer, shards: [0] }) as const),
  ];
  for (const operation of operations) ({ state } = apply(state, operation));
  return state;
}

class ThreePeers {
  readonly time = new VirtualTime(seededRandom(1));
  readonly peers = new Map<PeerId, SimulatedPeer>();
  readonly network: SimulatedNetwork;
  readonly log: AgreedLog;
  quorum = true;

  constructor() {
    this.log = new AgreedLog(threeActive(), () => this.poke());
    this.network = new SimulatedNetwork(this.time, this.peers, { lostBefore: 0, lostAfter: 0, latencyMs: () => 1 });
    for (const id of [1, 2, 3]) {
      const world = {
        time: this.time,
        log: this.log,
        collection: { id: collection, name: 'c' },
        peers: [1, 2, 3],
        matches: () => false,
        limits: defaultReplicaSetLimits,
        network: () => this.network,
        hasQuorum: () => this.quorum,
      };
      this.peers.set(id, new SimulatedPeer(id, world, { log: [], notes: null, position: 0 }));
    }
  }

  async start(): Promise<void> {
    for (const peer of this.peers.values()) await peer.start();
    await this.run(500);
  }

  poke(): void {
    for (const peer of this.peers.values()) peer.poke();
  }

  run(ms: number, done: () => boolean = () => false): Promise<boolean> {
    return this.time.run(this.time.now() + ms, 10, done);
  }

  peer(id: PeerId): SimulatedPeer {
    const found = this.peers.get(id);
    if (found === undefined) throw new Error(`there is no peer ${id}`);
    return found;
  }

  /** What the write came to within so many milliseconds. */
  async write(at: PeerId, id: number, wait: boolean, ordering: WriteOrdering, ms: number): Promise<string> {
    let outcome = 'no answer';
    const operation = encodeOperation({ kind: 'upsert', points: [{ id, payload: { v: id } }] });
    this.peer(at)
      .set?.write({ kind: 'operation', operation }, { wait, ordering, timeoutMs: null })
      .then(
        ({ status }) => (outcome = status),
        (error: unknown) => (outcome = String(error)),
      );
    await this.run(ms, () => outcome !== 'no answer');
    return outcome;
  }

  states(): string {
    const replicas = this.log.newest.collections.get('c')?.shards[0]?.replicas ?? [];
    return replicas.map(({ peer, state }) => `${peer}:${state}`).join(' ');
  }

  ids(peer: PeerId): readonly number[] {
    return [...(this.peer(peer).shard?.points.keys() ?? [])].sort((a, b) => a - b);
  }
}

describe('a replica that missed a write', () => {
  it('does not lead after the leader that knew of it went away', async () => {
    const cluster = new ThreePeers();
    await cluster.start();
    expect(await cluster.write(1, 10, true, 'weak', 1_000)).toBe('completed');
    cluster.quorum = false;
    cluster.network.cut(3, 2);
    expect(await cluster.write(1, 11, false, 'medium', 10_000)).toBe('acknowledged');
    expect([...(cluster.peer(1).set?.missedBy ?? [])]).toEqual([2]);
    cluster.peer(3).crash();
    cluster.network.heal();
    cluster.quorum = true;
    cluster.log.commit({
      ...{ kind: 'set-replica-state', collection, shard: 0, peer: 3, state: 'Dead', from: 'Active' },
      seen: null,
    });
    // By the metadata peer 2 leads now, and it lacks point 11.
    expect(await cluster.write(2, 12, true, 'medium', 20_000)).toBe('completed');
    const recovered = await cluster.run(20_000, () => cluster.states() === '1:Active 2:Active 3:Dead');
    expect(recovered, cluster.states()).toBe(true);
    expect(cluster.ids(1)).toEqual([10, 11, 12]);
    expect(cluster.ids(2)).toEqual([10, 11, 12]);
  });

  it('holds an answer with wait until the metadata says so, and fails it without a quorum', async () => {
    const cluster = new ThreePeers();
    await cluster.start();
    cluster.quorum = false;
    cluster.peer(1).crash();
    const outcome = await cluster.write(3, 10, true, 'weak', 60_000);
    expect(outcome).toContain('Consistency of this update is not guaranteed');
    expect(cluster.time.now()).toBeGreaterThan(30_000);
    expect(await cluster.write(3, 11, false, 'weak', 1_000)).toBe('acknowledged');
    cluster.quorum = true;
    expect(await cluster.write(3, 12, true, 'weak', 30_000)).toBe('completed');
    expect(cluster.states()).toBe('1:Dead 2:Active 3:Active');
  });
});

describe('a leader that cannot be reached', () => {
  it('is replaced, and the write goes to the next', async () => {
    const cluster = new ThreePeers();
    await cluster.start();
    cluster.peer(3).crash();
    expect(await cluster.write(1, 10, true, 'strong', 5_000)).toContain('strong ordering needs peer 3');
    expect(await cluster.write(1, 11, true, 'medium', 5_000)).toBe('completed');
    expect(cluster.states()).toBe('1:Active 2:Active 3:Dead');
  });

  it('is done without for weak writes while there is no quorum, and mended afterwards', async () => {
    const cluster = new ThreePeers();
    await cluster.start();
    cluster.quorum = false;
    cluster.peer(3).crash();
    expect(await cluster.write(1, 10, false, 'medium', 30_000)).toContain('cannot be reached');
    expect(await cluster.write(1, 11, false, 'weak', 30_000)).toBe('acknowledged');
    expect(cluster.ids(1)).toEqual([11]);
    expect(cluster.ids(2)).toEqual([11]);
    await cluster.peer(3).start();
    await cluster.run(1_000);
    // It knows that it lacks something, and is not read until it has it.
    expect(cluster.peer(3).set?.readable).toBe(false);
    cluster.quorum = true;
    cluster.poke();
    const settled = (): boolean =>
      cluster.states() === '1:Active 2:Active 3:Active' && cluster.peer(3).set?.readable === true;
    expect(await cluster.run(60_000, settled), cluster.states()).toBe(true);
    for (const peer of [1, 2, 3]) expect(cluster.ids(peer)).toEqual([11]);
  });
});
