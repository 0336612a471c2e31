/** The form in which the metadata is kept on disk and sent whole: JSON with a format version. */
import { brokenInvariant } from './invariants.js';
import type { CollectionState, MetadataState, PeerState } from './metadata-state.js';

const format = 2;

export class MetadataFormatError extends Error {
  override readonly name = 'MetadataFormatError';
}

export function encodeMetadata(state: MetadataState): string {
  return JSON.stringify(
    {
      format,
      cluster: state.cluster,
      appliedIndex: state.appliedIndex,
      peers: [...state.peers.values()],
      removedPeers: [...state.removedPeers],
      collections: [...state.collections.values()],
    },
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
  const { cluster, appliedIndex, peers, removedPeers, collections } = file;
  if (typeof cluster !== 'number' || !Number.isSafeInteger(cluster) || cluster < 0) {
    throw new MetadataFormatError('its cluster is not a number');
  }
  if (typeof appliedIndex !== 'number' || !Number.isSafeInteger(appliedIndex) || appliedIndex < 0) {
    throw new MetadataFormatError('its appliedIndex is not an index');
  }
  if (!Array.isArray(peers) || !peers.every(isPeerState)) {
    throw new MetadataFormatError('its list of peers is not whole');
  }
  if (!Array.isArray(removedPeers) || !removedPeers.every((peer) => typeof peer === 'number')) {
    throw new MetadataFormatError('its list of removed peers is not whole');
  }
  if (!Array.isArray(collections) || !collections.every(isCollectionState)) {
    throw new MetadataFormatError('its list of collections is not whole');
  }
  const state: MetadataState = {
    cluster,
    appliedIndex,
    peers: new Map(peers.map((peer) => [peer.id, peer])),
    removedPeers: new Set(removedPeers),
    collections: new Map(collections.map((collection) => [collection.name, collection])),
  };
  if (state.peers.size !== peers.length) throw new MetadataFormatError('a peer is there twice');
  if (state.collections.size !== collections.length) throw new MetadataFormatError('a name is there twice');
  const broken = brokenInvariant(state);
  if (broken !== null) throw new MetadataFormatError(broken);
  return state;
}

interface File {
  readonly [key: string]: unknown;
  readonly format?: unknown;
  readonly cluster?: unknown;
  readonly appliedIndex?: unknown;
  readonly peers?: unknown;
  readonly removedPeers?: unknown;
  readonly collections?: unknown;
}

function parsed(text: string): File {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MetadataFormatError('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new MetadataFormatError('it is not a JSON object');
  return { ...value };
}

function isPeerState(value: unknown): value is PeerState {
  if (typeof value !== 'object' || value === null) return false;
  const { id, uri, version } = value as Partial<PeerState>;
  return typeof id === 'number' && [uri, version].every((field) => field === null || typeof field === 'string');
}

function isCollectionState(value: unknown): value is CollectionState {
  if (typeof value !== 'object' || value === null) return false;
  const collection = value as Partial<CollectionState>;
  return (
    typeof collection.id === 'number' &&
    typeof collection.name === 'string' &&
    Array.isArray(collection.fieldIndexes) &&
    Array.isArray(collection.shards) &&
    Array.isArray(collection.transfers) &&
    typeof collection.config === 'object' &&
    typeof collection.config.params === 'object' &&
    Array.isArray(collection.config.params.vectors) &&
    Array.isArray(collection.config.params.sparseVectors) &&
    typeof collection.config.hnsw === 'object' &&
    typeof collection.config.optimizers === 'object' &&
    typeof collection.config.wal === 'object'
  );
}
