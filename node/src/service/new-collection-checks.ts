/** What a new collection must not ask for. */
import { ServiceError } from '../errors.js';
import type { CollectionConfig } from '../metadata/collection-config.js';

/** Most named vectors of a collection: each has its own files, graph and search structures. */
const vectorsMax = 256;

/** Longest vector name in bytes. */
const vectorNameBytesMax = 255;

/** Most shards of a collection: each has a log, files and a place in every search. */
const shardsMax = 1024;

export function checkNewCollection({ params }: CollectionConfig): void {
  checkVectors([...params.vectors, ...params.sparseVectors].map((vector) => vector.name));
  if (params.shardNumber > shardsMax) {
    throw new ServiceError(
      'bad-request',
      `shard_number: a collection has at most ${shardsMax} shards, not ${params.shardNumber}`,
    );
  }
}

function checkVectors(names: readonly string[]): void {
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
