/**
 * A simulated Qdrant on a virtual clock: disks, processes on them, and the requests to these. Several clusters may live
 * in it, each in a scope of its own, as in namespaces. What it does is held to real nodes by the contract suite.
 */
import { placeReplicas } from '../../../../node/src/placement/place-replicas.js';
import { isUpdatable } from '../../../../node/src/metadata/replica-state.js';
import type { PeerId } from '../../../../node/src/metadata/peer-id.js';
import type { NodeEndpoint, QdrantNode, QdrantNodes } from '../../../src/qdrant/qdrant-api.js';
import type { VirtualClock } from '../virtual-clock.js';
import { collectionConfig } from './collection-config.js';
import type { FakeConsensus } from './fake-consensus.js';
import { FakeDisk } from './fake-disk.js';
import { FakeProcess, type Flavour, type ProcessWorld, type StartOptions, type TransferFate } from './fake-process.js';
import type { FakeCall, FaultRule } from './faults.js';
import { Invariants } from './invariants.js';
import { NodeCalls, type CallWorld } from './node-calls.js';
import { defaultTiming, type Timing } from './timing.js';

export interface FakeQdrantOptions {
  readonly flavour?: Flavour;
  readonly timing?: Partial<Timing>;
  readonly version?: string;
}

export class FakeQdrant implements QdrantNodes {
  readonly calls: FakeCall[] = [];
  readonly invariants: Invariants;
  /** The first that answers decides about a call. */
  readonly faults: FaultRule[] = [];
  /** What becomes of the next transfers, in the order of their start; `well` when the list is used up. */
  readonly transferFates: TransferFate[] = [];
  readonly #disks: FakeDisk[] = [];
  readonly #processes = new Set<FakeProcess>();
  readonly #world: ProcessWorld;
  readonly #callWorld: CallWorld;
  #drawn = 0;

  constructor(clock: VirtualClock, { flavour = 'ours', timing = {}, version = '1.19.0' }: FakeQdrantOptions = {}) {
    const diskOf = (consensus: FakeConsensus, peer: PeerId): FakeDisk | null =>
      this.#disks.find(({ data }) => data?.consensus === consensus && data.peer === peer) ?? null;
    this.invariants = new Invariants(diskOf);
    this.#world = {
      clock,
      timing: { ...defaultTiming, ...timing },
      flavour,
      drawPeer: () => 7_000_000_000_000 + (this.#drawn += 1),
      resolve: (scope, uri) =>
        this.processes.find(({ options }) => options.scope === scope && options.uri === uri) ?? null,
      diskOf,
      onCommit: (scope, before, after) => this.invariants.committed(scope, before, after),
      onBegin: (scope, consensus) => this.invariants.began(scope, consensus),
      nextTransferFate: () => this.transferFates.shift() ?? 'well',
      onEnd: (process) => this.#processes.delete(process),
    };
    this.#callWorld = {
      version,
      sleep: (ms) => clock.sleep(ms),
      processAt: (ip) => this.processes.find(({ options }) => options.ip === ip) ?? null,
      note: (pod, name, about, changes) => {
        const call = { atMs: clock.nowMs(), pod, name, about, changes };
        this.calls.push(call);
        return call;
      },
      faultOf: (call) => {
        for (const rule of this.faults) {
          const fault = rule(call);
          if (fault !== null) return fault;
        }
        return null;
      },
    };
  }

  get processes(): readonly FakeProcess[] {
    return [...this.#processes];
  }

  at(endpoint: NodeEndpoint): QdrantNode {
    return new NodeCalls(endpoint, this.#callWorld);
  }

  /** The disk of a new volume. */
  newDisk(name: string): FakeDisk {
    const disk = new FakeDisk(name);
    this.#disks.push(disk);
    return disk;
  }

  /**
   * Its volume is gone. `fault`: the test took it, so that what was only there is lost by nobody's mistake; else
   * somebody asked for it, and it must have held nothing that was needed.
   */
  destroyDisk(disk: FakeDisk, by: 'fault' | 'request'): void {
    disk.wipe();
    const index = this.#disks.indexOf(disk);
    if (index >= 0) this.#disks.splice(index, 1);
    if (by === 'fault') this.invariants.excuse();
    else this.invariants.check();
  }

  startProcess(options: StartOptions): FakeProcess {
    const process = new FakeProcess(options, this.#world);
    this.#processes.add(process);
    return process;
  }

  /** As a client would, through any node of the scope; resolves when every node sees all of it Active. */
  async createCollection(
    scope: string,
    name: string,
    { shards, factor }: { readonly shards: number; readonly factor: number },
  ): Promise<boolean> {
    const process = this.#anyOf(scope);
    const consensus = process?.consensus ?? null;
    if (process === null || consensus === null) return false;
    const peers = [...process.seen.metadata.peers.keys()];
    const placement = placeReplicas({
      peers,
      shardNumber: shards,
      replicationFactor: factor,
      load: new Map(),
      random: () => 0,
    });
    const config = collectionConfig(shards, factor);
    const operation = { kind: 'create-collection', name, config, placement } as const;
    const applied = await consensus.propose(process, operation);
    if (applied?.rejection !== null) return false;
    const endMs = this.#world.clock.nowMs() + this.#world.timing.proposalMs;
    while (!this.#allActive(consensus, name) && this.#world.clock.nowMs() < endMs) {
      await this.#world.clock.sleep(this.#world.timing.applyMs);
    }
    return true;
  }

  /** Writes one point as a client would. True: it is acknowledged, and may never be lost. */
  async write(scope: string, collection: string, point: number): Promise<boolean> {
    const process = this.#anyOf(scope);
    const consensus = process?.consensus ?? null;
    const state = process?.seen.metadata.collections.get(collection);
    const shard = state?.shards[point % Math.max(1, state.shards.length)];
    if (process === null || consensus === null || state === undefined || shard === undefined) return false;
    const written: PeerId[] = [];
    const failed: PeerId[] = [];
    for (const { peer, state: replicaState } of shard.replicas) {
      if (!isUpdatable(replicaState)) continue;
      const disk = consensus.reachable(peer) ? this.#world.diskOf(consensus, peer) : null;
      disk?.points(state.id, shard.id).add(point);
      (disk === null ? failed : written).push(peer);
    }
    const isActive = (peer: PeerId): boolean =>
      shard.replicas.some((one) => one.peer === peer && one.state === 'Active');
    if (!written.some(isActive)) return false;
    for (const peer of failed) {
      const change = { collection: state.id, shard: shard.id, peer, state: 'Dead', from: null, seen: null } as const;
      const applied = await consensus.propose(process, { kind: 'set-replica-state', ...change });
      if (applied === null) return false;
    }
    this.invariants.acknowledged(consensus, { collection: state.id, shard: shard.id, point });
    return true;
  }

  #allActive(consensus: FakeConsensus, name: string): boolean {
    return consensus.running.every(
      ({ connected, seen }) =>
        !connected ||
        seen.metadata.collections
          .get(name)
          ?.shards.every(({ replicas }) => replicas.every(({ state }) => state === 'Active')) === true,
    );
  }

  #anyOf(scope: string): FakeProcess | null {
    return (
      this.processes.find(
        ({ options, serving, connected, removed }) => options.scope === scope && serving && connected && !removed,
      ) ?? null
    );
  }
}
