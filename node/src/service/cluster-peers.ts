import type { PeerId } from '../metadata/peer-id.js';

/** The other nodes of a cluster, as far as changes of the metadata ask for them. */
export interface ClusterPeers {
  /** The peers that answer now, this one among them. */
  reachable(): Promise<ReadonlySet<PeerId>>;
  /** Resolves when those peers have applied the index, or it has taken too long. */
  reached(peers: Iterable<PeerId>, index: number, timeoutMs: number): Promise<void>;
}

/** A node alone. */
export function onlyPeer(self: PeerId): ClusterPeers {
  return { reachable: () => Promise.resolve(new Set([self])), reached: () => Promise.resolve() };
}
