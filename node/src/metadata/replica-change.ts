/** Changes of a shard's replicas, with what they mean for the transfers of that shard. */
import { replicaOn, type CollectionState, type Replica, type ShardState, type Transfer } from './metadata-state.js';
import type { PeerId } from './peer-id.js';
import type { ReplicaState } from './replica-state.js';
import { withShard } from './state-change.js';

export function withReplica(shard: ShardState, replica: Replica): ShardState {
  const others = shard.replicas.filter(({ peer }) => peer !== replica.peer);
  return { ...shard, replicas: [...others, replica].sort((a, b) => a.peer - b.peer) };
}

export function withReplicaState(
  collection: CollectionState,
  shard: number,
  peer: PeerId,
  state: ReplicaState,
): CollectionState {
  const found = collection.shards[shard];
  return found === undefined ? collection : withShard(collection, withReplica(found, { peer, state }));
}

/** Removes a replica, if there is one, and aborts the transfers that need it. */
export function withoutReplica(collection: CollectionState, shardId: number, peer: PeerId): CollectionState {
  const shard = collection.shards[shardId];
  if (shard === undefined || replicaOn(shard, peer) === null) return collection;
  const without = withShard(collection, { ...shard, replicas: shard.replicas.filter((other) => other.peer !== peer) });
  return withoutTransfers(without, (transfer) => transfer.shard === shardId && involves(transfer, peer));
}

/** Aborts the transfers that `ended` picks. */
export function withoutTransfers(collection: CollectionState, ended: (transfer: Transfer) => boolean): CollectionState {
  return collection.transfers.filter(ended).reduce(withoutTransfer, collection);
}

/**
 * A target that has only a part is of no use. It becomes Dead, to be recovered, where it was a replica
 * before, or where nothing else is left of the shard; else it goes.
 */
export function withoutTransfer(collection: CollectionState, transfer: Transfer): CollectionState {
  const remaining = { ...collection, transfers: collection.transfers.filter(({ id }) => id !== transfer.id) };
  const shard = collection.shards[transfer.shard];
  // A target whose state was changed meanwhile is what it was changed to.
  if (shard === undefined || replicaOn(shard, transfer.to)?.state !== 'Partial') return remaining;
  const keeps = (transfer.sync && transfer.recovers) || shard.replicas.length === 1;
  if (keeps) return withReplicaState(remaining, shard.id, transfer.to, 'Dead');
  return withShard(remaining, { ...shard, replicas: shard.replicas.filter(({ peer }) => peer !== transfer.to) });
}

export function involves(transfer: Transfer, peer: PeerId): boolean {
  return transfer.from === peer || transfer.to === peer;
}
