/** The form in which the metadata is kept on disk and sent whole: JSON with a format version. */
import { brokenInvariant, type CollectionState, type MetadataState } from './metadata-state.js';

const format = 1;

export class MetadataFormatError extends Error {
  override readonly name = 'MetadataFormatError';
}

export function encodeMetadata(state: MetadataState): string {
  return JSON.stringify(
    { format, appliedIndex: state.appliedIndex, collections: [...state.collections.values()] },
    null,
    1,
  );
}

/** The file is this node's own; still, what does not fit is refused rather than guessed at. */
export function decodeMetadata(text: string): MetadataState {
  const file = parsed(text);
  if (file.format !== format) {
    throw new MetadataFormatError(`it has format ${String(file.format)}, and this version reads format ${format}`);
  }
  const { appliedIndex, collections } = file;
  if (typeof appliedIndex !== 'number' || !Number.isSafeInteger(appliedIndex) || appliedIndex < 0) {
    throw new MetadataFormatError('its appliedIndex is not an index');
  }
  if (!Array.isArray(collections) || !collections.every(isCollectionState)) {
    throw new MetadataFormatError('its list of collections is not whole');
  }
  const state: MetadataState = {
    appliedIndex,
    collections: new Map(collections.map((collection) => [collection.name, collection])),
  };
  const broken = state.collections.size === collections.length ? brokenInvariant(state) : 'a name is there twice';
  if (broken !== null) throw new MetadataFormatError(broken);
  return state;
}

function parsed(text: string): {
  readonly [key: string]: unknown;
  readonly format?: unknown;
  readonly appliedIndex?: unknown;
  readonly collections?: unknown;
} {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MetadataFormatError('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new MetadataFormatError('it is not a JSON object');
  return { ...value };
}

function isCollectionState(value: unknown): value is CollectionState {
  if (typeof value !== 'object' || value === null) return false;
  const collection = value as Partial<CollectionState>;
  return (
    typeof collection.id === 'number' &&
    typeof collection.name === 'string' &&
    Array.isArray(collection.fieldIndexes) &&
    typeof collection.config === 'object' &&
    typeof collection.config.params === 'object' &&
    Array.isArray(collection.config.params.vectors) &&
    Array.isArray(collection.config.params.sparseVectors) &&
    typeof collection.config.hnsw === 'object' &&
    typeof collection.config.optimizers === 'object' &&
    typeof collection.config.wal === 'object'
  );
}
