/** Shards and peers as the planners of moves see them. Ids of peers are text, since older clusters have some beyond 2^53. */

export interface PlacedReplica {
  readonly peer: string;
  /** It has all data and answers; any other state is on its way there, or failed. */
  readonly active: boolean;
}

export interface PlacedShard {
  readonly collection: string;
  readonly shard: number;
  readonly shardKey: string | null;
  readonly replicationFactor: number;
  readonly replicas: readonly PlacedReplica[];
}

export interface PlacementPeer {
  readonly id: string;
  /** Null: not known. */
  readonly zone: string | null;
  /** It answers, so that shards can be sent to it or read from it now. */
  readonly available: boolean;
}

export interface ShardCopy {
  readonly collection: string;
  readonly shard: number;
  readonly from: string;
  readonly to: string;
}

/** Code units: the same order on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareShards(a: PlacedShard, b: PlacedShard): number {
  return compareText(a.collection, b.collection) || a.shard - b.shard;
}

/** How many of these replicas are in the zone of a peer. An unknown zone is no one else's. */
export function inZoneOf(peer: PlacementPeer, holders: Iterable<string>, zones: ReadonlyMap<string, string>): number {
  if (peer.zone === null) return 0;
  let count = 0;
  for (const holder of holders) if (holder !== peer.id && zones.get(holder) === peer.zone) count += 1;
  return count;
}

export function zonesOf(peers: Iterable<PlacementPeer>): ReadonlyMap<string, string> {
  const zones = new Map<string, string>();
  for (const { id, zone } of peers) if (zone !== null) zones.set(id, zone);
  return zones;
}
