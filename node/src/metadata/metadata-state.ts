/** The replicated state: what every node agrees on. Pure data; see `apply.ts` for how it changes. */
import type { CollectionConfig, FieldIndexSchema } from './collection-config.js';
import type { PeerId } from './peer-id.js';
import { isSourceOfTruth, type ReplicaState } from './replica-state.js';

export interface PeerState {
  readonly id: PeerId;
  /** Where other peers reach it; null on a single node, which nobody has to reach. */
  readonly uri: string | null;
  /** Of its program, as it said itself; null before that. */
  readonly version: string | null;
  /** It lost what it had of the log, so it may not vote before it was added again. */
  readonly suspended?: true;
}

export interface Replica {
  readonly peer: PeerId;
  readonly state: ReplicaState;
}

export interface ShardState {
  readonly id: number;
  /** By peer, ascending. Empty only when the last peer that held one was removed by force. */
  readonly replicas: readonly Replica[];
  /** Index of the operation that last changed a replica: what was concluded from an older state is past. */
  readonly changedAt: number;
}

export const transferMethods = ['stream_records'] as const;
export type TransferMethod = (typeof transferMethods)[number];

/** A shard on its way from one peer to another. Source and target both have a replica while it lasts. */
export interface Transfer {
  /** Index of the operation that started it. */
  readonly id: number;
  readonly shard: number;
  readonly from: PeerId;
  readonly to: PeerId;
  /** False: the source's replica goes when it is finished (a move). */
  readonly sync: boolean;
  readonly method: TransferMethod;
  /** The target had a replica before: a failed copy leaves it Dead instead of removing it. */
  readonly recovers: boolean;
}

export interface CollectionState {
  /** Index of the operation that created the collection. Names come back, identities never. */
  readonly id: number;
  readonly name: string;
  readonly config: CollectionConfig;
  readonly fieldIndexes: readonly FieldIndexSchema[];
  /** By id, ascending from 0. */
  readonly shards: readonly ShardState[];
  /** In the order of their start. */
  readonly transfers: readonly Transfer[];
}

export interface MetadataState {
  /** The same on all peers of a cluster and on no others: drawn when it began. 0 while none was joined. */
  readonly cluster: number;
  /** Index of the newest operation that is in this state; 0 before the first. */
  readonly appliedIndex: number;
  readonly peers: ReadonlyMap<PeerId, PeerState>;
  /**
   * Peers that were removed, with the addresses that they had: they lose their vote a moment later, and are told
   * that they are gone when they call. Their ids never come back.
   */
  readonly removedPeers: ReadonlyMap<PeerId, string | null>;
  readonly collections: ReadonlyMap<string, CollectionState>;
}

export const emptyMetadata: MetadataState = {
  cluster: 0,
  appliedIndex: 0,
  peers: new Map(),
  removedPeers: new Map(),
  collections: new Map(),
};

/** What the first peer of a cluster, or a single node, begins with. Its id, drawn at random, names the cluster too. */
export function firstPeerMetadata(self: PeerId, uri: string | null = null): MetadataState {
  return { ...emptyMetadata, cluster: self, peers: new Map([[self, { id: self, uri, version: null }]]) };
}

export function collectionById(state: MetadataState, id: number): CollectionState | null {
  for (const collection of state.collections.values()) if (collection.id === id) return collection;
  return null;
}

export function replicaOn(shard: ShardState, peer: PeerId): Replica | null {
  return shard.replicas.find((replica) => replica.peer === peer) ?? null;
}

/** The peer that gives the shard's writes their order: the highest id that is a source of truth. */
export function updateLeader(shard: ShardState): PeerId | null {
  return shard.replicas.findLast((replica) => isSourceOfTruth(replica.state))?.peer ?? null;
}

/** Whether the peer holds a replica of any shard, and of how many. */
export function replicasOn(state: MetadataState, peer: PeerId): number {
  let count = 0;
  for (const { shards } of state.collections.values()) {
    for (const shard of shards) if (replicaOn(shard, peer) !== null) count += 1;
  }
  return count;
}
