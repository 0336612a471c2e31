/** What a write of a shard is asked for, and what it answers. */
import type { NativeShard } from '../engine/addon.js';

export interface WriteOptions {
  /** Wait until the operation can be seen by reads, and not only until it is durable. */
  readonly wait: boolean;
}

export type WriteResult =
  /** The operation is in the log, as durable as the log's sync mode asks. */
  | { readonly status: 'acknowledged'; readonly sequence: number }
  /** It is applied too. `missing` is an id that it named and that does not exist, where that is an error. */
  | { readonly status: 'completed'; readonly sequence: number; readonly missing: string | null };

/** The reads of a shard, as a conditional write sees them: after every write before it. */
export type ShardReader = Pick<NativeShard, 'resolve' | 'search' | 'retrieve' | 'scroll' | 'count'>;
