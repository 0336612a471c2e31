import type { LocalCollections } from '../collection/local-collections.js';
import type { LedShard } from '../replica/led-shard.js';

/** The shards of this node, as far as transfers are concerned. Collections are named by identity. */
export interface LedShards {
  /** null: another peer leads the shard, or this one cannot yet. */
  led(collection: number, shard: number): LedShard | null;
  isOpen(collection: number, shard: number): boolean;
  /** Live points, 0 while it is not open. */
  points(collection: number, shard: number): number;
}

export function ledShards(collections: LocalCollections): LedShards {
  const local = (collection: number, shard: number) => collections.byIdentity(collection)?.locals.get(shard) ?? null;
  return {
    led: (collection, shard) => collections.byIdentity(collection)?.replicas(shard)?.led() ?? null,
    isOpen: (collection, shard) => local(collection, shard) !== null,
    points: (collection, shard) => local(collection, shard)?.points ?? 0,
  };
}
