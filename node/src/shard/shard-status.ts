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

export function shardStatus(info: ShardInfo, failure: string | null, vacuuming: boolean): ShardStatus {
  if (failure !== null) return { color: 'red', reason: failure };
  if (info.readOnly !== null) {
    return info.pendingRows > 0 ? { color: 'grey', reason: info.readOnly } : { color: 'red', reason: info.readOnly };
  }
  return vacuuming || info.pendingRows > 0 ? { color: 'yellow' } : { color: 'green' };
}
