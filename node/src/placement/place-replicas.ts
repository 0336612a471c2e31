/** Where the replicas of a new collection go. */
import type { PeerId } from '../metadata/peer-id.js';

export interface PlacementRequest {
  readonly peers: readonly PeerId[];
  readonly shardNumber: number;
  readonly replicationFactor: number;
  /** Replicas of other collections that each peer has; a peer that is left out has none. */
  readonly load: ReadonlyMap<PeerId, number>;
  /** From 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

interface Candidate {
  readonly peer: PeerId;
  readonly load: number;
  /** Drawn once per collection, so that peers that are otherwise equal take turns. */
  readonly tie: number;
  placed: number;
}

/**
 * The peers of each shard's replicas, ascending. A collection is spread evenly by itself, since that is
 * what divides its queries; where that leaves a choice, it goes to the peer that has less of everything.
 * There are never more replicas of a shard than peers.
 */
export function placeReplicas(request: PlacementRequest): readonly (readonly PeerId[])[] {
  const { peers, shardNumber, replicationFactor, load, random } = request;
  if (peers.length === 0) throw new RangeError('There is no peer to place replicas on');
  const candidates = peers.map((peer): Candidate => ({ peer, load: load.get(peer) ?? 0, tie: random(), placed: 0 }));
  const replicas = Math.min(replicationFactor, peers.length);
  return Array.from({ length: shardNumber }, () => {
    // The least loaded at each step keep the counts within one of each other.
    const chosen = candidates.sort(byPreference).slice(0, replicas);
    for (const candidate of chosen) candidate.placed += 1;
    return chosen.map(({ peer }) => peer).sort((a, b) => a - b);
  });
}

function byPreference(a: Candidate, b: Candidate): number {
  return a.placed - b.placed || a.load - b.load || a.tie - b.tie || a.peer - b.peer;
}
