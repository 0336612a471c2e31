/** Where the replicas of a collection are, and what is on them, asked of every node for its own. */
import type { QdrantRest } from './qdrant-rest.js';

export interface HeldReplica {
  readonly peer: number;
  readonly shard: number;
  readonly state: string;
  readonly points: number;
}

export async function replicasOf(nodes: readonly QdrantRest[], collection: string): Promise<HeldReplica[]> {
  const held = await Promise.all(
    nodes.map(async (node) => {
      const { peer_id: peer } = await node.cluster();
      const { local_shards: shards } = await node.collectionCluster(collection);
      return shards.map(({ shard_id: shard, state, points_count: points }) => ({ peer, shard, state, points }));
    }),
  );
  return held.flat();
}

export async function transfersOf(nodes: readonly QdrantRest[], collection: string): Promise<number> {
  const views = await Promise.all(nodes.map((node) => node.collectionCluster(collection)));
  return Math.max(0, ...views.map(({ shard_transfers: transfers }) => transfers.length));
}

/** The counts of points of each shard, one of each replica. */
export function pointsByShard(replicas: readonly HeldReplica[]): Map<number, number[]> {
  const counts = new Map<number, number[]>();
  for (const { shard, points } of replicas) counts.set(shard, [...(counts.get(shard) ?? []), points]);
  return counts;
}

/** How many replicas each peer has, the fewest first; peers without any do not count. */
export function replicasPerPeer(replicas: readonly HeldReplica[]): number[] {
  const counts = new Map<number, number>();
  for (const { peer } of replicas) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  return [...counts.values()].sort((left, right) => left - right);
}
