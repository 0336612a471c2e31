/** How an operation changes the metadata: a function of both alone. */
import { changedConfig, unknownVector } from './collection-change.js';
import type { Applied, MetadataOperation, Rejection } from './metadata-operation.js';
import type { CollectionState, MetadataState } from './metadata-state.js';

type Change = { readonly collections: ReadonlyMap<string, CollectionState> } | { readonly rejection: Rejection };

/** A rejected operation uses up its index too, so that indexes are the same on every node. */
export function apply(
  state: MetadataState,
  operation: MetadataOperation,
): { readonly state: MetadataState; readonly applied: Applied } {
  const index = state.appliedIndex + 1;
  const change = changeOf(state, operation, index);
  if ('rejection' in change) {
    return { state: { ...state, appliedIndex: index }, applied: { index, rejection: change.rejection } };
  }
  return { state: { appliedIndex: index, collections: change.collections }, applied: { index, rejection: null } };
}

function changeOf(state: MetadataState, operation: MetadataOperation, index: number): Change {
  switch (operation.kind) {
    case 'create-collection': {
      const { name, config } = operation;
      if (state.collections.has(name)) return { rejection: { reason: 'collection-exists', name } };
      return { collections: withCollection(state, { id: index, name, config, fieldIndexes: [] }) };
    }
    case 'update-collection':
      return withChanged(state, operation.name, (collection) => {
        const missing = unknownVector(collection.config, operation.change);
        if (missing !== null) return { reason: 'no-such-vector', name: missing };
        return { ...collection, config: changedConfig(collection.config, operation.change) };
      });
    case 'delete-collection': {
      if (!state.collections.has(operation.name)) {
        return { rejection: { reason: 'no-such-collection', name: operation.name } };
      }
      const collections = new Map(state.collections);
      collections.delete(operation.name);
      return { collections };
    }
    case 'create-field-index':
      return withChanged(state, operation.collection, (collection) => ({
        ...collection,
        fieldIndexes: [
          ...collection.fieldIndexes.filter((index) => index.path !== operation.index.path),
          operation.index,
        ],
      }));
    case 'delete-field-index':
      return withChanged(state, operation.collection, (collection) => ({
        ...collection,
        fieldIndexes: collection.fieldIndexes.filter((index) => index.path !== operation.path),
      }));
  }
}

function withCollection(state: MetadataState, collection: CollectionState): ReadonlyMap<string, CollectionState> {
  return new Map(state.collections).set(collection.name, collection);
}

function withChanged(
  state: MetadataState,
  name: string,
  change: (collection: CollectionState) => CollectionState | Rejection,
): Change {
  const collection = state.collections.get(name);
  if (collection === undefined) return { rejection: { reason: 'no-such-collection', name } };
  const changed = change(collection);
  return 'reason' in changed ? { rejection: changed } : { collections: withCollection(state, changed) };
}
