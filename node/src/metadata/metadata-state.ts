/** The replicated state: what every node agrees on. Pure data; see `apply.ts` for how it changes. */
import type { CollectionConfig, FieldIndexSchema } from './collection-config.js';

export interface CollectionState {
  /** Index of the operation that created the collection. Names come back, identities never. */
  readonly id: number;
  readonly name: string;
  readonly config: CollectionConfig;
  readonly fieldIndexes: readonly FieldIndexSchema[];
}

export interface MetadataState {
  /** Index of the newest operation that is in this state; 0 before the first. */
  readonly appliedIndex: number;
  readonly collections: ReadonlyMap<string, CollectionState>;
}

export const emptyMetadata: MetadataState = { appliedIndex: 0, collections: new Map() };

/** What must hold after every operation; a sentence about the first thing that does not, or null. */
export function brokenInvariant(state: MetadataState): string | null {
  const ids = new Set<number>();
  for (const [name, collection] of state.collections) {
    if (collection.name !== name) return `collection ${collection.name} is stored under the name ${name}`;
    if (collection.id < 1 || collection.id > state.appliedIndex) {
      return `collection ${name} has identity ${collection.id}, which is no applied operation`;
    }
    if (ids.has(collection.id)) return `two collections have identity ${collection.id}`;
    ids.add(collection.id);
    const paths = collection.fieldIndexes.map((index) => index.path);
    if (new Set(paths).size !== paths.length) return `collection ${name} has two indexes on one field`;
    const vectors = [...collection.config.params.vectors, ...collection.config.params.sparseVectors];
    if (new Set(vectors.map((vector) => vector.name)).size !== vectors.length) {
      return `collection ${name} has two vectors of one name`;
    }
  }
  return null;
}
