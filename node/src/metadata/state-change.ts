/** What an operation comes to, and the ways of changing one collection or one shard of a state. */
import { collectionById, type CollectionState, type MetadataState, type ShardState } from './metadata-state.js';
import type { Rejection } from './rejection.js';

/** The parts of the state that are new, or why nothing is. */
export type Change = Partial<Pick<MetadataState, 'peers' | 'removedPeers' | 'collections'>> | Rejection;

export function isRejection(value: object): value is Rejection {
  return 'reason' in value;
}

export function withCollection(
  state: MetadataState,
  collection: CollectionState,
): ReadonlyMap<string, CollectionState> {
  return new Map(state.collections).set(collection.name, collection);
}

export function changeCollection(
  state: MetadataState,
  id: number,
  change: (collection: CollectionState) => CollectionState | Rejection,
): Change {
  const collection = collectionById(state, id);
  if (collection === null) return { reason: 'no-such-collection', collection: id };
  const changed = change(collection);
  return isRejection(changed) ? changed : { collections: withCollection(state, changed) };
}

export function withShard(collection: CollectionState, shard: ShardState): CollectionState {
  return { ...collection, shards: collection.shards.map((other) => (other.id === shard.id ? shard : other)) };
}
