/**
 * What consensus needs of the network, and what the network calls in it. The network resolves peers to
 * addresses by `RaftReceiver.addressOf`, refuses senders that were removed or are of another cluster, and
 * says so to them.
 */
import type { PeerId } from '../metadata/peer-id.js';
import type { Message } from '../raft/message.js';
import type { SnapshotMeta } from '../raft/snapshot.js';

export type ProposeAnswer =
  /** It is in the leader's log: it will be applied, unless the leader loses its place before it is committed. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'not-leader'; readonly leader: PeerId | null }
  /** Too much waits to be committed, or leadership is being handed over: try again. */
  | { readonly kind: 'busy' };

export interface AddPeerRequest {
  readonly peer: PeerId;
  /** Where the other peers reach it. */
  readonly uri: string;
}

export interface PeerAddress {
  readonly peer: PeerId;
  readonly uri: string;
}

export type AddPeerAnswer =
  | {
      readonly kind: 'added';
      /** See `MetadataState.cluster`. */
      readonly cluster: number;
      /** All of the cluster, the new one among them. */
      readonly peers: readonly PeerAddress[];
    }
  /** For good: a peer with shards has this address, or the id was removed. The new peer's process ends. */
  | { readonly kind: 'refused'; readonly message: string }
  /** There is no leader now, say. Asked again until the time for joining is over. */
  | { readonly kind: 'failed'; readonly message: string };

/** One piece of a snapshot that is larger than a message should be. */
export interface SnapshotPiece {
  readonly term: number;
  readonly meta: SnapshotMeta;
  /** Of the whole data. */
  readonly totalBytes: number;
  readonly offset: number;
  /** At most `snapshotPieceBytes`. */
  readonly data: Uint8Array;
}

export const snapshotPieceBytes = 1024 * 1024;

/** Messages to one address that could not be sent. */
export interface SendFailures {
  readonly count: number;
  readonly latestError: string;
  /** ISO 8601. */
  readonly latestErrorTimestamp: string;
}

/** Implemented by peers/. Rejections are of any kind: all of them mean that the peer gave no answer. */
export interface RaftTransport {
  /** Neither waits nor throws. What cannot be sent is lost. Never a `snapshot` message: those go in pieces. */
  send(to: PeerId, messages: readonly Message[]): void;
  /** Resolves when the receiver has taken the piece. One at a time to a peer, by offset. */
  sendSnapshotPiece(to: PeerId, piece: SnapshotPiece, timeoutMs: number): Promise<void>;
  /** Hands encoded entries to the peer that is thought to lead. All of them are accepted, or none. */
  propose(to: PeerId, entries: readonly Uint8Array[], timeoutMs: number): Promise<ProposeAnswer>;
  /** By address, because whoever joins knows no ids. */
  addPeer(uri: string, request: AddPeerRequest, timeoutMs: number): Promise<AddPeerAnswer>;
  /** Resolves when the peer has applied the index of the metadata. */
  reached(peer: PeerId, index: number, timeoutMs: number): Promise<void>;
  /** By URI. */
  sendFailures(): ReadonlyMap<string, SendFailures>;
}

/** Implemented by `RaftConsensus`. `from` was authenticated as far as the network can. */
export interface RaftReceiver {
  onMessages(from: PeerId, messages: readonly Message[]): void;
  /** Rejects when the piece does not follow those before it: the sender begins again. */
  onSnapshotPiece(from: PeerId, piece: SnapshotPiece): Promise<void>;
  /** Resolves when this peer has put the entries into its log as the leader, or will not. */
  onPropose(from: PeerId, entries: readonly Uint8Array[]): Promise<ProposeAnswer>;
  onAddPeer(request: AddPeerRequest): Promise<AddPeerAnswer>;
  /** Resolves when this peer has applied the index; rejects with `ServiceError('timeout')`. */
  onReached(index: number, timeoutMs: number): Promise<void>;
  /** Connections to the peer are refused or reset: evidence that its process is gone. */
  onUnreachable(peer: PeerId): void;
  /** Another peer refuses this one because it was removed from the cluster. */
  onRemoved(by: PeerId): void;
  /** Null for a peer that is not known. */
  addressOf(peer: PeerId): string | null;
  /** See `MetadataState.cluster`; null as long as this node has joined none. */
  readonly cluster: number | null;
  isRemoved(peer: PeerId): boolean;
}
