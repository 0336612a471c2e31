/** What a collection asks of one of its shards, wherever the replicas of that shard are. */
import type { ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import type { CountRequest, RetrieveRequest, ShardWrite, ShardWriteOptions } from '../replica/remote-replicas.js';
import type { WriteResult } from '../shard/local-shard.js';

/** How many replicas must agree on what is read. */
export type ReadConsistency = number | 'majority' | 'quorum' | 'all';

export interface ShardReadOptions {
  readonly consistency: ReadConsistency;
  /** Reads with the same text go to the same replica while it can be read; null: as it comes. */
  readonly routeAffinity: string | null;
  readonly timeoutMs: number | null;
}

/** Implemented by the replica set of a shard. */
export interface ShardReplicas {
  write(write: ShardWrite, options: ShardWriteOptions): Promise<WriteResult>;
  search(request: SearchRequest, options: ShardReadOptions): Promise<Buffer>;
  retrieve(request: RetrieveRequest, options: ShardReadOptions): Promise<Buffer>;
  scroll(request: ScrollRequest, options: ShardReadOptions): Promise<ScrollPage>;
  count(request: CountRequest, options: ShardReadOptions): Promise<number>;
}
