import type { ShardInfo } from '../engine/addon.js';

/**
 * The colours of the original's collection status. `grey`: there is something to index and nothing
 * may be written for now. `red`: the shard lost its log or its files, and takes no writes.
 */
export type ShardStatus =
  | { readonly color: 'green' }
  | { readonly color: 'yellow' }
  | { readonly color: 'grey'; readonly reason: string }
  | { readonly color: 'red'; readonly reason: string };

export function shardStatus(
  { pendingRows }: Pick<ShardInfo, 'pendingRows'>,
  readOnly: string | null,
  failure: string | null,
  vacuuming: boolean,
): ShardStatus {
  if (failure !== null) return { color: 'red', reason: failure };
  if (readOnly !== null) return { color: pendingRows > 0 ? 'grey' : 'red', reason: readOnly };
  return vacuuming || pendingRows > 0 ? { color: 'yellow' } : { color: 'green' };
}
