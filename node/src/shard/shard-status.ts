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

const fromBestToWorst = ['green', 'yellow', 'grey', 'red'] as const;

/** The status of shards together: that of the worst. */
export function worstStatus(statuses: readonly ShardStatus[]): ShardStatus {
  const rank = ({ color }: ShardStatus): number => fromBestToWorst.indexOf(color);
  return statuses.reduce((worst, status) => (rank(status) > rank(worst) ? status : worst), { color: 'green' });
}
