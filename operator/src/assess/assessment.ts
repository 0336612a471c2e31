/**
 * What an observation means: the claim, who the peers are, which replicas live, and how far the views of the peers
 * agree. Pure; it decides nothing.
 */
import type { ObservedPod, ObservedVolume } from '../observe/observation.js';
import type { PeerId, ReplicaState, TransferView } from '../qdrant/qdrant-api.js';

export type ClaimState =
  /** No witness: the cluster may be begun, once. */
  | { readonly kind: 'unclaimed' }
  /** At least one witness says that it was begun. */
  | {
      readonly kind: 'claimed';
      readonly peer: PeerId;
      readonly ordinal: number | null;
      /** The witnesses that are still to be written. */
      readonly missing: readonly ('status' | 'record' | 'volumes')[];
    }
  /** Claimed, and no volume has a peer's data any more. */
  | { readonly kind: 'all-volumes-lost'; readonly peer: PeerId };

export interface Peer {
  readonly id: PeerId;
  readonly uri: string;
  readonly ordinal: number | null;
  /** The pod that answered as this peer in this pass. */
  readonly pod: ObservedPod | null;
  readonly voter: boolean | null;
  readonly consensusWorks: boolean | null;
  readonly commit: number | null;
}

export interface Replica {
  readonly peer: PeerId;
  readonly state: ReplicaState;
  readonly points: number | null;
}

export interface Shard {
  readonly collection: string;
  readonly shard: number;
  readonly shardKey: string | null;
  readonly replicationFactor: number;
  readonly replicas: readonly Replica[];
}

export interface Transfer extends TransferView {
  readonly collection: string;
}

/** The shards as a majority of the peers sees them, the leader among them, or why there is no such view. */
export type ShardMap =
  | {
      readonly kind: 'agreed';
      readonly shards: readonly Shard[];
      readonly transfers: readonly Transfer[];
      readonly resharding: boolean;
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** A peer whose pod came up with an empty volume or with that of another peer, or whose volume claim is lost. */
export interface LostPeer {
  readonly peer: PeerId;
  readonly ordinal: number;
  readonly pod: ObservedPod | null;
  readonly evidence: string;
  /**
   * What it held, and which peers that answer right now have another Active replica; null when the shard map is not
   * known.
   */
  readonly shards: readonly { readonly shard: Shard; readonly activeElsewhere: readonly PeerId[] }[] | null;
}

/** A pod with the data of a peer that is no member: it left, and what is on the volume starts no peer again. */
export interface Stranger {
  readonly peer: PeerId;
  readonly pod: ObservedPod;
}

export interface Quorum {
  readonly available: boolean;
  /** Not available for a moment only: a change of the members still travels, or a new peer does not answer yet. */
  readonly settling: boolean;
  /** So many voters lost their volumes that the others will never be a majority by themselves. */
  readonly beyondReturn: boolean;
  readonly why: string;
}

export interface Assessment {
  readonly claim: ClaimState;
  /** Who belongs to whom when pods form more than one cluster, or volumes name different first peers. */
  readonly twoClusters: string | null;
  /** Members by the view of the majority; empty before the first answers. */
  readonly peers: readonly Peer[];
  /** Null: no majority agrees on one. */
  readonly leader: PeerId | null;
  /** A majority of the voters answers, with working consensus, and agrees on members and leader. */
  readonly quorum: Quorum;
  readonly shardMap: ShardMap;
  readonly lostPeers: readonly LostPeer[];
  /** Pods whose process waits for a grant: volume empty, none given. */
  readonly waitingPods: readonly ObservedPod[];
  /** Granted, and not yet a voter that the majority knows. At most one is let in at a time. */
  readonly joiningPods: readonly ObservedPod[];
  /** Known while the quorum is available. */
  readonly strangers: readonly Stranger[];
  /** Of ordinals that pods are on or shall be on, with the data of a peer that left. */
  readonly detachedVolumes: readonly ObservedVolume[];
}
