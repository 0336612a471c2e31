import type { ReplicaSet } from '../replica/replica-set.js';

/** What the reads and writes of a collection ask of each of its shards. */
export type ShardReplicas = Pick<ReplicaSet, 'write' | 'search' | 'retrieve' | 'scroll' | 'count'>;
