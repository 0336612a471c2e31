/** What a replica tells of itself, to its own node and to others. */
import type { ReplicaInfo } from '../replica/remote-replicas.js';
import type { LocalShard } from '../shard/local-shard.js';

export function replicaInfo(shard: LocalShard): ReplicaInfo {
  const { points, vectors, fieldIndexes } = shard.info();
  return {
    status: shard.status(),
    points,
    vectors: vectors.reduce((sum, { count }) => sum + count, 0),
    indexedVectors: vectors.reduce((sum, { graphActive, indexedRows }) => sum + (graphActive ? indexedRows : 0), 0),
    fieldIndexes: fieldIndexes.map((index) => ({ path: index.path, points: index.points })),
  };
}
