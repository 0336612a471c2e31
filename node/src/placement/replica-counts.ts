/** How many replicas each peer has, whatever their state. A planner makes one of these and plays its moves on it. */
import type { PlacedShard } from './placed-shard.js';

/** Replicas are counted among those of the same shard key, of the same collection, and of everything. */
export type Scope = 'shard-key' | 'collection' | 'all';

type Named = Pick<PlacedShard, 'collection' | 'shardKey'>;

interface CollectionCounts {
  readonly all: Map<string, number>;
  readonly byKey: Map<string | null, Map<string, number>>;
}

export class ReplicaCounts {
  readonly #all = new Map<string, number>();
  readonly #collections = new Map<string, CollectionCounts>();

  constructor(shards: Iterable<PlacedShard>) {
    for (const shard of shards) for (const { peer } of shard.replicas) this.add(shard, peer);
  }

  of(scope: Scope, { collection, shardKey }: Named, peer: string): number {
    switch (scope) {
      case 'shard-key':
        return this.#collections.get(collection)?.byKey.get(shardKey)?.get(peer) ?? 0;
      case 'collection':
        return this.#collections.get(collection)?.all.get(peer) ?? 0;
      case 'all':
        return this.total(peer);
    }
  }

  total(peer: string): number {
    return this.#all.get(peer) ?? 0;
  }

  add(shard: Named, peer: string): void {
    this.#change(shard, peer, 1);
  }

  remove(shard: Named, peer: string): void {
    this.#change(shard, peer, -1);
  }

  /** Below zero when the first has fewer, by the narrowest scope in which they differ. */
  compare(shard: Named, a: string, b: string): number {
    for (const scope of ['shard-key', 'collection', 'all'] as const) {
      const difference = this.of(scope, shard, a) - this.of(scope, shard, b);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #change({ collection, shardKey }: Named, peer: string, by: number): void {
    const counts = valueOf(this.#collections, collection, newCounts);
    const ofKey = valueOf(counts.byKey, shardKey, () => new Map<string, number>());
    for (const each of [this.#all, counts.all, ofKey]) each.set(peer, (each.get(peer) ?? 0) + by);
  }
}

function newCounts(): CollectionCounts {
  return { all: new Map<string, number>(), byKey: new Map<string | null, Map<string, number>>() };
}

function valueOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
