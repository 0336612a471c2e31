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
  return { state: { ...state, ...change, appliedIndex: index }, applied: { index, rejection: null } };
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
