/** What the metadata says about one shard, in the form in which a replica set decides by it. Pure. */
import type { MetadataState, Replica } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import { isReadable, isSourceOfTruth, isUpdatable } from '../metadata/replica-state.js';

export interface ShardView {
  /** The metadata index of this view. */
  readonly index: number;
  /** By peer, ascending; empty when the shard or its collection is gone. */
  readonly replicas: readonly Replica[];
  readonly writeConsistencyFactor: number;
}

/** `collection` is the identity: a collection of the same name that was created again is another one. */
export function shardView(
  state: MetadataState,
  collection: { readonly id: number; readonly name: string },
  shard: number,
): ShardView {
  const found = state.collections.get(collection.name);
  const current = found?.id === collection.id ? found : undefined;
  return {
    index: state.appliedIndex,
    replicas: current?.shards.find(({ id }) => id === shard)?.replicas ?? [],
    writeConsistencyFactor: current?.config.params.writeConsistencyFactor ?? 1,
  };
}

export function replicaStateOf(view: ShardView, peer: PeerId): Replica['state'] | null {
  return view.replicas.find((replica) => replica.peer === peer)?.state ?? null;
}

export function holdsReplica(view: ShardView, peer: PeerId): boolean {
  return replicaStateOf(view, peer) !== null;
}

export function takesWrites(view: ShardView, peer: PeerId): boolean {
  const state = replicaStateOf(view, peer);
  return state !== null && isUpdatable(state);
}

export function answersReads(view: ShardView, peer: PeerId): boolean {
  const state = replicaStateOf(view, peer);
  return state !== null && isReadable(state);
}

export function hasEveryWrite(view: ShardView, peer: PeerId): boolean {
  const state = replicaStateOf(view, peer);
  return state !== null && isSourceOfTruth(state);
}

/** The highest source of truth that is not in `without`, or null. With nobody left out: the update leader. */
export function leaderWithout(view: ShardView, without: ReadonlySet<PeerId>): PeerId | null {
  const found = view.replicas.findLast(({ peer, state }) => isSourceOfTruth(state) && !without.has(peer));
  return found?.peer ?? null;
}

const nobody: ReadonlySet<PeerId> = new Set();

export function updateLeaderOf(view: ShardView): PeerId | null {
  return leaderWithout(view, nobody);
}

/** Peers whose replicas take writes, in ascending order. */
export function updatablePeers(view: ShardView): readonly PeerId[] {
  return view.replicas.filter(({ state }) => isUpdatable(state)).map(({ peer }) => peer);
}

/** Whether `self` holds the only replica, and that one takes writes: there is nobody to agree with. */
export function isAlone(view: ShardView, self: PeerId): boolean {
  const [only] = view.replicas;
  return view.replicas.length === 1 && only?.peer === self && isSourceOfTruth(only.state);
}
