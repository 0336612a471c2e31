/** Operations on collections: what they are, not where they are. */
import { changedConfig, unknownVector } from './collection-change.js';
import type { CollectionOperation } from './metadata-operation.js';
import { collectionById, type MetadataState, type ShardState } from './metadata-state.js';
import type { PeerId } from './peer-id.js';
import type { Rejection } from './rejection.js';
import { changeCollection, isRejection, withCollection, type Change } from './state-change.js';

type CreateCollection = Extract<CollectionOperation, { readonly kind: 'create-collection' }>;

export function applyToCollections(state: MetadataState, operation: CollectionOperation, index: number): Change {
  switch (operation.kind) {
    case 'create-collection':
      return created(state, operation, index);
    case 'update-collection':
      return changeCollection(state, operation.collection, (collection) => {
        const missing = unknownVector(collection.config, operation.change);
        if (missing !== null) return { reason: 'no-such-vector', name: missing };
        return { ...collection, config: changedConfig(collection.config, operation.change) };
      });
    case 'delete-collection': {
      const collection = collectionById(state, operation.collection);
      if (collection === null) return { reason: 'no-such-collection', collection: operation.collection };
      const collections = new Map(state.collections);
      collections.delete(collection.name);
      return { collections };
    }
    case 'create-field-index':
      return changeCollection(state, operation.collection, (collection) => ({
        ...collection,
        fieldIndexes: [...collection.fieldIndexes.filter(({ path }) => path !== operation.index.path), operation.index],
      }));
    case 'delete-field-index':
      return changeCollection(state, operation.collection, (collection) => ({
        ...collection,
        fieldIndexes: collection.fieldIndexes.filter(({ path }) => path !== operation.path),
      }));
  }
}

function created(state: MetadataState, { name, config, placement }: CreateCollection, index: number): Change {
  if (state.collections.has(name)) return { reason: 'collection-exists', name };
  if (placement.length !== config.params.shardNumber) {
    const problem = `The placement is of ${placement.length} shards, and the collection has ${config.params.shardNumber}`;
    return { reason: 'bad-placement', problem };
  }
  const shards: ShardState[] = [];
  for (const [id, peers] of placement.entries()) {
    const shard = placedShard(state, id, peers, index);
    if (isRejection(shard)) return shard;
    shards.push(shard);
  }
  return { collections: withCollection(state, { id: index, name, config, fieldIndexes: [], shards, transfers: [] }) };
}

function placedShard(
  state: MetadataState,
  id: number,
  peers: readonly PeerId[],
  index: number,
): ShardState | Rejection {
  if (peers.length === 0) return { reason: 'bad-placement', problem: `Shard ${id} is placed nowhere` };
  if (new Set(peers).size !== peers.length) {
    return { reason: 'bad-placement', problem: `Shard ${id} is placed twice on one peer` };
  }
  const unknown = peers.find((peer) => !state.peers.has(peer));
  if (unknown !== undefined) return { reason: 'no-such-peer', peer: unknown };
  // The only peer of a cluster has nobody to wait for.
  const replicaState = state.peers.size === 1 ? 'Active' : 'Initializing';
  const replicas = peers.toSorted((a, b) => a - b).map((peer) => ({ peer, state: replicaState }) as const);
  return { id, replicas, changedAt: index };
}
