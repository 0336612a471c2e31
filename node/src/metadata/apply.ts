/** How an operation changes the metadata: a function of both alone. */
import { applyToCollections } from './apply-to-collections.js';
import { applyToPeers } from './apply-to-peers.js';
import { applyToReplicas } from './apply-to-replicas.js';
import { applyToTransfers } from './apply-to-transfers.js';
import type { Applied, MetadataOperation } from './metadata-operation.js';
import type { MetadataState } from './metadata-state.js';
import type { Change } from './state-change.js';

/**
 * `index` is that of the operation's entry; whoever has no log leaves it out. A rejected operation
 * uses up its index too, so that indexes are the same on every node.
 */
export function apply(
  state: MetadataState,
  operation: MetadataOperation,
  index: number = state.appliedIndex + 1,
): { readonly state: MetadataState; readonly applied: Applied } {
  const change = changeOf(state, operation, index);
  if ('reason' in change) {
    return { state: { ...state, appliedIndex: index }, applied: { index, rejection: change } };
  }
  const changed = { ...state, ...change, appliedIndex: index };
  return { state: withStamps(state, changed), applied: { index, rejection: null } };
}

/** Notes the index in every shard whose replicas are not those that they were. */
function withStamps(before: MetadataState, after: MetadataState): MetadataState {
  if (after.collections === before.collections) return after;
  const collections = new Map(after.collections);
  for (const [name, collection] of after.collections) {
    const earlier = before.collections.get(name);
    if (earlier === collection) continue;
    const shards = collection.shards.map((shard) => {
      const same = earlier?.id === collection.id && earlier.shards[shard.id]?.replicas === shard.replicas;
      return same ? shard : { ...shard, changedAt: after.appliedIndex };
    });
    collections.set(name, { ...collection, shards });
  }
  return { ...after, collections };
}

function changeOf(state: MetadataState, operation: MetadataOperation, index: number): Change {
  switch (operation.kind) {
    case 'create-collection':
    case 'update-collection':
    case 'delete-collection':
    case 'create-field-index':
    case 'delete-field-index':
      return applyToCollections(state, operation, index);
    case 'add-peer':
    case 'suspend-peer':
    case 'remove-peer':
    case 'update-peer':
      return applyToPeers(state, operation);
    case 'activate-replicas':
    case 'set-replica-state':
    case 'drop-replica':
      return applyToReplicas(state, operation);
    case 'start-transfer':
    case 'finish-transfer':
    case 'abort-transfer':
      return applyToTransfers(state, operation, index);
  }
}
