/**
 * A cluster that is as simple as the planners let it be: members agree at once, pods come and go in a moment, and
 * transfers take a few ticks. It refuses what a cluster refuses, and throws at what must never be asked of one.
 */
import type { Observation, ObservedPod, ObservedVolume, OperationRecord } from '../../src/observe/observation.js';
import { peerUri, podName, type WantedCluster } from '../../src/observe/wanted-cluster.js';
import { wantedCluster } from '../assess/observed-cluster.js';
import type { Step } from '../../src/plan/step.js';
import type { CollectionView, PeerId, ReplicaState, ShardMove } from '../../src/qdrant/qdrant-api.js';

export interface ModelShard {
  readonly collection: string;
  readonly shard: number;
  readonly shardKey: string | null;
  replicationFactor: number;
  readonly replicas: Map<PeerId, ReplicaState>;
}

export type Fate = 'ends' | 'fails' | 'stalls' | 'is lost';

interface ModelTransfer extends ShardMove {
  readonly sync: boolean;
  readonly fate: Fate;
  ticks: number;
}

interface ModelVolume {
  readonly uid: string;
  data: PeerId | null;
  peer: PeerId | null;
  bootstrapPeer: PeerId | null;
  detached: boolean;
}

interface ModelPod {
  readonly uid: string;
  readonly disk: PeerId | null;
  readonly zone: string | null;
  peer: PeerId | null;
  grant: string | null;
  serving: boolean;
  ready: boolean;
}

export interface ModelOptions {
  readonly size: number;
  readonly wanted?: Partial<WantedCluster>;
  /** What becomes of the next transfer that is asked for. */
  readonly fateOf?: () => Fate;
  readonly zones?: readonly string[];
}

/** The peer of an ordinal is this plus the ordinal, for those that are there at the start. */
const firstPeer = 100;

export class ModelCluster {
  atMs = 1_000_000;
  size: number;
  replicas: number;
  wanted: Partial<WantedCluster>;
  operation: OperationRecord | null = null;
  resharding = false;
  leader: PeerId = String(firstPeer);
  readonly members = new Map<PeerId, number>();
  readonly pods = new Map<number, ModelPod>();
  readonly volumes = new Map<number, ModelVolume>();
  readonly shards: ModelShard[] = [];
  transfers: ModelTransfer[] = [];
  /** Every step that had an effect or was refused, in its kind and target. */
  readonly log: string[] = [];
  readonly #fateOf: () => Fate;
  readonly #zones: readonly string[];
  #made = 0;

  constructor({ size, wanted, fateOf, zones }: ModelOptions) {
    this.size = size;
    this.replicas = size;
    this.wanted = wanted ?? {};
    this.#fateOf = fateOf ?? (() => 'ends');
    this.#zones = zones ?? [];
    for (let ordinal = 0; ordinal < size; ordinal += 1) this.#joinAt(ordinal, String(firstPeer + ordinal));
  }

  /** A line for each shard, such as 'docs/0 on 100 101?'; a question mark for what is not Active. */
  addShards(...lines: readonly string[]): void {
    for (const line of lines) {
      const match = /^([^/]+)\/(\d+)(?: key (\S+))?(?: x(\d+))? on (.*)$/.exec(line);
      if (match === null) throw new Error(`Not a shard: ${line}`);
      const [, collection, shard, shardKey, factor, holders] = match;
      const replicas = new Map<PeerId, ReplicaState>();
      for (const holder of holders!.split(' ')) {
        replicas.set(holder.replace('?', ''), holder.endsWith('?') ? 'Dead' : 'Active');
      }
      const replicationFactor = factor === undefined ? replicas.size : Number(factor);
      this.shards.push({
        collection: collection!,
        shard: Number(shard),
        shardKey: shardKey ?? null,
        replicationFactor,
        replicas,
      });
    }
  }

  holdings(): readonly string[] {
    return this.shards.map(({ collection, shard, replicas }) => {
      const holders = [...replicas].map(([peer, state]) => (state === 'Active' ? peer : `${peer}?`));
      return `${collection}/${shard} on ${holders.toSorted().join(' ')}`;
    });
  }

  get wantedCluster(): WantedCluster {
    return {
      ...wantedCluster(this.size),
      ...this.wanted,
    };
  }

  observation(): Observation {
    const claim = { peer: String(firstPeer), ordinal: 0, at: '2026-01-01T00:00:00Z' };
    const pods = [...this.pods].toSorted(([a], [b]) => a - b);
    return {
      atMs: this.atMs,
      wanted: this.wantedCluster,
      claimInStatus: claim,
      claimInRecord: claim,
      set: { uid: 'set', replicas: this.replicas, updateRevision: 'r1' },
      pods: pods.map(([ordinal, pod]) => this.#observedPod(ordinal, pod)),
      volumes: [...this.volumes]
        .toSorted(([a], [b]) => a - b)
        .map(([ordinal, volume]) => observedVolume(ordinal, volume)),
      views: pods.flatMap(([ordinal, pod]) =>
        pod.ready && pod.peer !== null ? [this.#view(ordinal, pod, pod.peer)] : [],
      ),
      operation: this.operation,
    };
  }

  /** What a step does, and what a cluster says no to. */
  apply(step: Step): void {
    const refused = this.#effectOf(step);
    this.log.push(`${refused === null ? '' : 'refused '}${step.kind}${refused === null ? '' : `: ${refused}`}`);
  }

  /** A moment passes: pods come up and go, those that were granted join, transfers get on. */
  tick(): void {
    for (const ordinal of [...this.pods.keys()]) if (ordinal >= this.replicas) this.pods.delete(ordinal);
    for (let ordinal = 0; ordinal < this.replicas; ordinal += 1) this.#bringUp(ordinal);
    this.transfers = this.transfers.filter((transfer) => !this.#getOn(transfer));
    if (!this.members.has(this.leader)) this.leader = [...this.members.keys()].toSorted()[0]!;
  }

  #bringUp(ordinal: number): void {
    const volume = this.volumes.get(ordinal) ?? this.#newVolume(ordinal);
    const pod = this.pods.get(ordinal);
    if (pod === undefined) this.pods.set(ordinal, this.#newPod(volume.data, ordinal));
    else if (pod.peer === null && pod.grant !== null) {
      this.#made += 1;
      this.#joinAt(ordinal, String(firstPeer + 100 + this.#made));
    }
  }

  #joinAt(ordinal: number, peer: PeerId): void {
    const volume = this.volumes.get(ordinal) ?? this.#newVolume(ordinal);
    const pod = this.pods.get(ordinal) ?? this.#newPod(peer, ordinal);
    this.pods.set(ordinal, pod);
    pod.peer = peer;
    volume.data = peer;
    volume.peer = peer;
    volume.bootstrapPeer = String(firstPeer);
    this.members.set(peer, ordinal);
  }

  #newVolume(ordinal: number): ModelVolume {
    this.#made += 1;
    const volume = { uid: `volume-${this.#made}`, data: null, peer: null, bootstrapPeer: null, detached: false };
    this.volumes.set(ordinal, volume);
    return volume;
  }

  #newPod(disk: PeerId | null, ordinal: number): ModelPod {
    this.#made += 1;
    const zone = this.#zones[ordinal % Math.max(1, this.#zones.length)] ?? null;
    return { uid: `pod-${this.#made}`, disk, zone, peer: disk, grant: null, serving: true, ready: true };
  }

  #getOn(transfer: ModelTransfer): boolean {
    if (transfer.fate === 'stalls') return false;
    transfer.ticks -= 1;
    if (transfer.ticks > 0) return false;
    const shard = this.#shard(transfer);
    if (shard === undefined) return true;
    if (transfer.fate === 'fails') shard.replicas.delete(transfer.to);
    else {
      shard.replicas.set(transfer.to, 'Active');
      if (!transfer.sync) shard.replicas.delete(transfer.from);
    }
    return true;
  }

  #shard({ collection, shard }: Pick<ShardMove, 'collection' | 'shard'>): ModelShard | undefined {
    return this.shards.find((other) => other.collection === collection && other.shard === shard);
  }

  #effectOf(step: Step): string | null {
    switch (step.kind) {
      case 'grant-start':
        this.#pod(step.pod.uid).grant = step.grant.kind === 'join' ? `join=${step.grant.uris.join(',')}` : 'bootstrap';
        return null;
      case 'set-serving':
        this.#pod(step.pod.uid).serving = step.serving;
        return null;
      case 'label-volume':
        Object.assign(this.#volume(step.volume.uid), { peer: step.peer, bootstrapPeer: step.firstPeer });
        return null;
      case 'detach-volume':
        this.#detach(step.volume.uid);
        return null;
      case 'move-shard':
        return this.#transfer(step.move, false);
      case 'replicate-shard':
        return this.#transfer(step.copy, true);
      case 'abort-transfer':
        return this.#abort(step.transfer);
      case 'drop-replica':
        return this.#drop(step);
      case 'remove-peer':
        return this.#remove(step.peer, step.force);
      case 'delete-volume':
        return this.#deleteVolume(step.volume.uid);
      case 'delete-pod':
        this.pods.delete(this.#ordinalOf(this.pods, step.pod.uid));
        return null;
      case 'shrink':
        return this.#shrink(step.to);
      case 'grow':
        if (step.to <= this.replicas) throw new Error(`The set has ${this.replicas} pods already`);
        this.replicas = step.to;
        return null;
      case 'write-claim':
        return null;
    }
  }

  #transfer(move: ShardMove, sync: boolean): string | null {
    const shard = this.#shard(move);
    if (shard?.replicas.get(move.from) !== 'Active') return 'the source is not Active';
    if (shard.replicas.has(move.to)) return 'the target has a replica';
    for (const other of this.transfers) {
      const same = other.collection === move.collection && other.shard === move.shard;
      const shares = [other.from, other.to].some((peer) => peer === move.from || peer === move.to);
      if (same || shares) throw new Error('A peer takes part in one transfer at a time');
    }
    const fate = this.#fateOf();
    if (fate === 'is lost') return null;
    shard.replicas.set(move.to, 'Partial');
    this.transfers.push({ ...move, sync, fate, ticks: 3 });
    return null;
  }

  #abort(transfer: ShardMove): string | null {
    const found = this.transfers.find(
      ({ collection, shard, from, to }) =>
        collection === transfer.collection && shard === transfer.shard && from === transfer.from && to === transfer.to,
    );
    if (found === undefined) return 'no such transfer';
    this.transfers = this.transfers.filter((other) => other !== found);
    this.#shard(transfer)?.replicas.delete(transfer.to);
    return null;
  }

  #drop(at: { readonly collection: string; readonly shard: number; readonly peer: PeerId }): string | null {
    const replicas = this.#shard(at)?.replicas;
    if (replicas?.has(at.peer) !== true) return 'no such replica';
    const others = [...replicas].filter(([peer]) => peer !== at.peer);
    // A planner that asks for this trusts the cluster to hold it back.
    if (!others.some(([, state]) => state === 'Active')) throw new Error('The last Active replica would be dropped');
    replicas.delete(at.peer);
    return null;
  }

  #remove(peer: PeerId, force: boolean): string | null {
    if (force) throw new Error('A peer would be removed by force');
    const ordinal = this.members.get(peer);
    if (ordinal === undefined) return 'no such peer';
    if (ordinal < this.size) throw new Error('A peer that is wanted would be removed');
    if (this.shards.some(({ replicas }) => replicas.has(peer))) return 'there are shards on it';
    if (this.pods.get(ordinal)?.serving === true) throw new Error('The peer still gets requests');
    this.members.delete(peer);
    return null;
  }

  #shrink(to: number): string | null {
    if (to !== this.replicas - 1) throw new Error('A set shrinks by one');
    if ([...this.members.values()].includes(to)) throw new Error('The pod of a member would go');
    this.replicas = to;
    return null;
  }

  #detach(uid: string): void {
    const volume = this.#volume(uid);
    if (volume.data !== null && this.members.has(volume.data))
      throw new Error('The volume of a member would be detached');
    volume.detached = true;
  }

  #deleteVolume(uid: string): string | null {
    const ordinal = this.#ordinalOf(this.volumes, uid);
    const volume = this.#volume(uid);
    if (!volume.detached || (volume.data !== null && this.members.has(volume.data))) {
      throw new Error('A volume would be deleted whose peer has not left');
    }
    this.volumes.delete(ordinal);
    // With its claim the pod gets a new one, once it is replaced; the model does both at once.
    this.pods.delete(ordinal);
    return null;
  }

  #pod(uid: string): ModelPod {
    return this.pods.get(this.#ordinalOf(this.pods, uid))!;
  }

  #volume(uid: string): ModelVolume {
    return this.volumes.get(this.#ordinalOf(this.volumes, uid))!;
  }

  #ordinalOf(objects: ReadonlyMap<number, { readonly uid: string }>, uid: string): number {
    for (const [ordinal, object] of objects) if (object.uid === uid) return ordinal;
    throw new Error(`There is no ${uid}`);
  }

  #observedPod(ordinal: number, pod: ModelPod): ObservedPod {
    return {
      name: podName(this.wantedCluster, ordinal),
      ordinal,
      uid: pod.uid,
      resourceVersion: '1',
      ip: `10.0.0.${ordinal}`,
      ready: pod.ready && pod.peer !== null,
      deleting: ordinal >= this.replicas,
      running: pod.ready,
      disk: pod.disk === null ? { kind: 'empty' } : { kind: 'peer', peer: pod.disk },
      grant: pod.grant,
      serving: pod.serving,
      revision: 'r1',
      kubernetesNode: 'node',
      kubernetesNodeReady: true,
      zone: pod.zone,
      createdAtMs: 0,
      notReadySinceMs: pod.ready ? null : 0,
      restarts: 0,
      waiting: null,
    };
  }

  #view(ordinal: number, pod: ModelPod, peer: PeerId): Observation['views'][number] {
    const member = this.members.has(peer);
    const peers = [...this.members].map(([id, at]) => [id, peerUri(this.wantedCluster, at)] as const);
    return {
      kind: 'answered',
      pod: podName(this.wantedCluster, ordinal),
      podUid: pod.uid,
      ready: true,
      version: '1.19.0',
      cluster: {
        peerId: peer,
        peers: new Map(member ? peers : [[peer, peerUri(this.wantedCluster, ordinal)]]),
        raft: {
          term: 1,
          commit: 10,
          pendingOperations: 0,
          leader: member ? this.leader : null,
          isVoter: member,
          consensusWorks: member,
        },
        sendFailures: new Set(),
      },
      collections: member ? this.#collections(peer) : [],
    };
  }

  #collections(self: PeerId): readonly CollectionView[] {
    const names = [...new Set(this.shards.map(({ collection }) => collection))];
    return names.map((name) => {
      const shards = this.shards.filter(({ collection }) => collection === name);
      return {
        name,
        replicationFactor: Math.max(...shards.map(({ replicationFactor }) => replicationFactor)),
        replicas: shards.flatMap(({ shard, shardKey, replicas }) =>
          [...replicas].map(([peer, state]) => ({ shard, shardKey, peer, state, points: peer === self ? 1 : null })),
        ),
        transfers: this.transfers
          .filter(({ collection }) => collection === name)
          .map(({ shard, from, to, sync, ticks }) => ({
            shard,
            from,
            to,
            sync,
            comment: from === self ? `Transferring records (${3 - ticks}/3), started ${this.atMs} ms ago` : null,
          })),
        resharding: this.resharding,
      };
    });
  }
}

function observedVolume(ordinal: number, volume: ModelVolume): ObservedVolume {
  return {
    name: `qdrant-storage-qdrant-a-${ordinal}`,
    ordinal,
    uid: volume.uid,
    resourceVersion: '1',
    bound: true,
    lost: false,
    deleting: false,
    capacity: '10Gi',
    bootstrapPeer: volume.bootstrapPeer,
    peer: volume.peer,
    detached: volume.detached,
  };
}
