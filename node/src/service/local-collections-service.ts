/** The use cases on collections, on this node's metadata and shards. */
import { newCollectionConfig } from './new-collection-config.js';
import type { Collection } from '../collection/collection.js';
import type { LocalCollections } from '../collection/local-collections.js';
import type { Consensus } from '../consensus/consensus.js';
import { ServiceError, toServiceError } from '../errors.js';
import type { NativeCodec } from '../engine/addon.js';
import type { CollectionChange } from '../metadata/collection-change.js';
import type { CollectionConfig } from '../metadata/collection-config.js';
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import { rejectionText } from '../metadata/rejection.js';
import type { Settings } from '../settings/settings.js';
import { requireManage, type Access } from './access.js';
import { checkCollectionName } from './collection-name.js';
import type { CollectionInfo, CollectionsService, CreateCollection } from './collections-service.js';
import { mergedMetadata } from './collection-metadata.js';

/** Most named vectors of a collection: each has its own files, graph and search structures. */
const vectorsMax = 256;

/** Longest vector name in bytes. */
const vectorNameBytesMax = 255;

export function noSuchCollection(name: string): ServiceError {
  return new ServiceError('not-found', `Collection \`${name}\` doesn't exist!`);
}

/** Why a collection that is asked for is not served. */
export function notServed(collections: LocalCollections, name: string): ServiceError {
  const failure = collections.failure(name);
  return failure === null
    ? noSuchCollection(name)
    : new ServiceError('internal', `Collection \`${name}\` could not be opened: ${failure}`);
}

export class LocalCollectionsService implements CollectionsService {
  readonly #consensus: Consensus;
  readonly #collections: LocalCollections;
  readonly #codec: NativeCodec;
  readonly #settings: Settings;

  constructor(consensus: Consensus, collections: LocalCollections, codec: NativeCodec, settings: Settings) {
    this.#consensus = consensus;
    this.#collections = collections;
    this.#codec = codec;
    this.#settings = settings;
  }

  async create(access: Access, name: string, request: CreateCollection): Promise<boolean> {
    requireManage(access);
    checkCollectionName(name);
    const { collections } = this.#consensus.state;
    if (collections.has(name)) throw alreadyExists(name);
    const limit = this.#settings.storage.max_collections;
    if (limit !== null && collections.size >= limit) {
      throw new ServiceError(
        'bad-request',
        `Can't create collection with name ${name}, the limit of ${limit} collections is reached`,
      );
    }
    const metadata = request.metadata === undefined ? {} : { metadata: this.#objectText(request.metadata) };
    const config = newCollectionConfig({ ...request, ...metadata }, this.#settings);
    checkVectors(config);
    checkShards(config);
    await this.#propose(name, { kind: 'create-collection', name, config, placement: [[this.#consensus.self]] });
    return true;
  }

  async update(access: Access, name: string, change: CollectionChange): Promise<boolean> {
    requireManage(access);
    const state = this.#consensus.state.collections.get(name);
    if (state === undefined) throw noSuchCollection(name);
    const metadata =
      change.metadata === undefined
        ? {}
        : { metadata: this.#objectText(mergedMetadata(state.config.metadata, this.#objectText(change.metadata))) };
    await this.#propose(name, {
      kind: 'update-collection',
      collection: state.id,
      change: { ...change, ...metadata },
    });
    return true;
  }

  async delete(access: Access, name: string): Promise<boolean> {
    requireManage(access);
    const state = this.#consensus.state.collections.get(name);
    if (state === undefined) return false;
    const { rejection } = await this.#consensus.propose({ kind: 'delete-collection', collection: state.id });
    await this.#collections.reconcile();
    return rejection === null;
  }

  list(): readonly string[] {
    return [...this.#consensus.state.collections.keys()].sort();
  }

  exists(_access: Access, name: string): boolean {
    return this.#consensus.state.collections.has(name);
  }

  info(_access: Access, name: string): CollectionInfo {
    const collection = this.#collections.get(name);
    if (collection === null) throw notServed(this.#collections, name);
    return collectionInfo(collection);
  }

  async #propose(name: string, operation: MetadataOperation): Promise<void> {
    const applied = await this.#consensus.propose(operation);
    refuseRejected(applied, name);
    await this.#collections.reconcile();
  }

  /** Validated and minified; throws when it is no JSON object. */
  #objectText(text: string): string {
    try {
      return this.#codec.normalizePayload(Buffer.from(text, 'utf8')).toString('utf8');
    } catch (error) {
      throw toServiceError(error);
    }
  }
}

function alreadyExists(name: string): ServiceError {
  return new ServiceError('already-exists', `Collection \`${name}\` already exists!`);
}

/** `name` is that of the collection that the operation was about. */
export function refuseRejected({ rejection }: Applied, name: string): void {
  if (rejection === null) return;
  switch (rejection.reason) {
    case 'collection-exists':
      throw alreadyExists(name);
    case 'no-such-collection':
      throw noSuchCollection(name);
    case 'no-such-vector':
      throw new ServiceError('bad-input', rejectionText(rejection));
    default:
      throw new ServiceError('bad-request', rejectionText(rejection));
  }
}

function checkVectors({ params }: CollectionConfig): void {
  const names = [...params.vectors, ...params.sparseVectors].map((vector) => vector.name);
  if (names.length > vectorsMax) {
    throw new ServiceError(
      'bad-request',
      `vectors: a collection has at most ${vectorsMax} vectors, not ${names.length}`,
    );
  }
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new ServiceError('bad-request', `vectors: the name ${JSON.stringify(name)} is used twice`);
    if (Buffer.byteLength(name) > vectorNameBytesMax) {
      throw new ServiceError('bad-request', `vectors: a vector's name has at most ${vectorNameBytesMax} bytes`);
    }
    seen.add(name);
  }
}

function checkShards({ params }: CollectionConfig): void {
  if (params.shardNumber !== 1) {
    throw new ServiceError(
      'bad-request',
      `shard_number ${params.shardNumber} is not supported by this version: a single node keeps a collection in one shard`,
    );
  }
}

function collectionInfo(collection: Collection): CollectionInfo {
  const { shard, state } = collection;
  const info = shard.info();
  const status = shard.status();
  return {
    status: status.color,
    optimizerError: status.color === 'red' || status.color === 'grey' ? status.reason : null,
    pointsCount: info.points,
    indexedVectorsCount: info.vectors.reduce((sum, vector) => sum + (vector.graphActive ? vector.indexedRows : 0), 0),
    segmentsCount: 1,
    config: state.config,
    payloadSchema: state.fieldIndexes.map((index) => ({
      ...index,
      points: info.fieldIndexes.find(({ path }) => path === index.path)?.points ?? 0,
    })),
  };
}
