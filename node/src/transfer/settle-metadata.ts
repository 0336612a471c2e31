import type { MetadataOperation } from '../metadata/metadata-operation.js';
import { orEnded, pauseOrEnded } from './task-end.js';
import type { TransferContext } from './transfer-options.js';

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/**
 * Proposes until it was applied, refused or not, or is not wanted any more: while the cluster has no leader
 * nothing else can be done.
 */
export async function settleMetadata(
  { consensus, clock, random, limits }: TransferContext,
  signal: AbortSignal,
  operation: MetadataOperation,
  wanted: () => boolean,
): Promise<void> {
  for (let pauseMs = firstPauseMs; wanted(); pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      await orEnded(signal, consensus.propose(operation, { timeoutMs: limits.proposeTimeoutMs }));
      return;
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await pauseOrEnded(clock, signal, pauseMs * (0.5 + random()));
  }
}
