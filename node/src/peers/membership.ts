import type { PeerId } from '../metadata/peer-id.js';

/** What the network has to know of the cluster. Read anew for each call, for it changes while the node runs. */
export interface Membership {
  readonly self: PeerId;
  /** The same number on all peers of a cluster and on no others; null as long as this node has joined none. */
  readonly cluster: number | null;
  /** Null for a peer that is not known, or has no address. */
  addressOf(peer: PeerId): string | null;
  /** Peers that were removed are told so, and nothing is taken from them. */
  isRemoved(peer: PeerId): boolean;
}
