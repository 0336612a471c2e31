/** Which pod is asked to do something to the cluster. */
import type { Assessment, Peer } from '../assess/assessment.js';
import type { PeerId } from '../qdrant/qdrant-api.js';

/**
 * The pod of the leader when it answered in this pass, else that of the member which is furthest ahead. Never that of
 * a peer that is being removed: it may stop in the middle of its answer, and what it says afterwards is its own view.
 */
export function chooseNode(assessment: Assessment, except: PeerId | null): string | null {
  let best: Peer | null = null;
  for (const peer of assessment.peers) {
    if (peer.pod === null || peer.id === except || peer.consensusWorks === false) continue;
    if (best === null || rank(peer, assessment.leader) > rank(best, assessment.leader)) best = peer;
  }
  return best?.pod?.name ?? null;
}

function rank(peer: Peer, leader: PeerId | null): number {
  if (peer.id === leader) return Infinity;
  return (peer.voter === true ? 2 ** 50 : 0) + (peer.commit ?? 0);
}
