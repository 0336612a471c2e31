import type { LocalShard } from '../shard/local-shard.js';

/** What a replica set needs of the shard on this node. */
export type ReplicatedShard = Pick<
  LocalShard,
  | 'write'
  | 'writeResolved'
  | 'inSequence'
  | 'newestTick'
  | 'search'
  | 'retrieve'
  | 'scroll'
  | 'count'
  | 'exportRange'
  | 'digestRange'
  | 'idsInRange'
>;
