import type { ClusterPeers } from './cluster-peers.js';

/**
 * Waits until the peers that can be reached have applied the index: a client's next request may go to any of them.
 * Ends without success when that takes too long, for what was agreed on is done by then.
 */
export async function knownToPeers(peers: ClusterPeers, index: number, deadlineMs: number): Promise<void> {
  const reachable = await peers.reachable();
  await peers.reached(reachable, index, Math.max(0, deadlineMs - performance.now()));
}
