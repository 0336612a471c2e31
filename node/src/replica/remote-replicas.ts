/**
 * Replicas of shards on other peers, as this node sees them, and what this node does for others. `peers/` carries the
 * calls; docs/internals/cluster.md ("Writes", "Reads") says what they mean.
 */
import type { ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { WriteResult } from '../shard/write-result.js';
import type { ShardStatus } from '../shard/shard-status.js';

/** Which shard a call is about, and up to which metadata index its sender knew the metadata. */
export interface ShardTarget {
  /** Identity of the collection, never its name. */
  readonly collection: number;
  readonly shard: number;
  readonly metadataIndex: number;
}

export type ShardWrite =
  /** An operation of docs/internals/storage.md without a clock tag. */
  | { readonly kind: 'operation'; readonly operation: Uint8Array }
  /** `operation` has an empty ids block; it is filled with what `filter` (a program) matches. */
  | { readonly kind: 'filtered'; readonly filter: Uint8Array; readonly operation: Uint8Array };

export type WriteOrdering = 'weak' | 'medium' | 'strong';

export interface ShardWriteOptions {
  /** Answer when the operation is applied, not only durable. */
  readonly wait: boolean;
  readonly ordering: WriteOrdering;
  /** What the client allows; null: as long as peers are given. */
  readonly timeoutMs: number | null;
}

export interface ForwardOptions extends ShardWriteOptions {
  /** The receiver shall lead although the metadata names another peer. */
  readonly direct: boolean;
}

export interface FollowOptions {
  readonly wait: boolean;
  /** The sender is not the update leader, and knows it. */
  readonly direct: boolean;
  readonly timeoutMs: number;
}

/** What a peer says when it begins to lead a shard, and each time a replica missed its writes for the first time. */
export interface LeaderAnnouncement {
  /** Sources of truth that missed writes of the sender, or whom it could not ask: they take part no more. */
  readonly without: readonly PeerId[];
  /** The metadata names one of `without` as the leader, and there is no quorum to change that. */
  readonly direct: boolean;
}

export interface LeaderAcceptance {
  /** The newest tick that the replica has of the sender's clock; 0 for none. */
  readonly newestTick: number;
}

export interface RetrieveRequest {
  /** An ids block. */
  readonly ids: Uint8Array;
  readonly payload: Uint8Array;
  readonly vectors: Uint8Array;
}

export interface CountRequest {
  readonly filter: Uint8Array | null;
  readonly exact: boolean;
}

/** The ids after `after` (null: from the first) up to and with `to` (null: to the end), of these at most `limit`. */
export interface IdRange {
  readonly after: Uint8Array | null;
  readonly to: Uint8Array | null;
  readonly limit: number;
}

/** As `NativeShard.digestRange` gives it. */
export interface RangeDigest {
  readonly digest: Buffer;
  readonly count: number;
  /** The last id that the digest covers; null when there is none. */
  readonly last: Buffer | null;
  /** Whether the range holds points past `last`. */
  readonly more: boolean;
}

/** Within the bounds, what is not in `operation` is deleted, and the rest is upserted. */
export interface RangeReplacement {
  readonly after: Uint8Array | null;
  readonly to: Uint8Array | null;
  /** An operation of kind 1. */
  readonly operation: Uint8Array;
}

export interface ReplicaInfo {
  readonly status: ShardStatus;
  readonly points: number;
  readonly vectors: number;
  readonly indexedVectors: number;
  readonly fieldIndexes: readonly { readonly path: string; readonly points: number }[];
}

/** A replica that its peer has to recover, because a write did not reach it. */
export interface MissedWrites {
  readonly collection: number;
  readonly shard: number;
}

/** No answer came: the peer is away, or the connection broke. What was asked for may have been done or not. */
export class PeerUnreachable extends Error {
  override readonly name = 'PeerUnreachable';
  readonly peer: PeerId;

  constructor(peer: PeerId, message: string, options?: ErrorOptions) {
    super(message, options);
    this.peer = peer;
  }
}

/** Why a peer did not do what was asked, for reasons of metadata and not of the request. Nothing was done. */
export type Refusal =
  /** The peer did not reach the sender's metadata index in time. */
  | { readonly kind: 'behind' }
  /** By the peer's metadata there is no such collection, or no replica of the shard on it. */
  | { readonly kind: 'no-replica' }
  /** By the metadata there is a replica, and it is not open, or not any more. */
  | { readonly kind: 'not-open' }
  /** The state of the replica does not take this. */
  | { readonly kind: 'replica-state' }
  /** A write of a sender that is not the update leader, or a forward to a peer that is not. */
  | { readonly kind: 'not-leader' }
  /** A tick at or below the newest that the replica has from that clock. */
  | { readonly kind: 'stale-clock'; readonly newestTick: number }
  /** The replica missed writes, and the metadata does not say so yet. */
  | { readonly kind: 'missed-writes' }
  /** The sender, that wants to lead, missed writes that this replica took. */
  | { readonly kind: 'leader-missed-writes' };

export class ReplicaRefused extends Error {
  override readonly name = 'ReplicaRefused';
  /** The index of the metadata by which the peer refused: at or past it, the sender decides anew. */
  readonly metadataIndex: number;
  readonly refusal: Refusal;

  constructor(metadataIndex: number, refusal: Refusal, message: string) {
    super(message);
    this.metadataIndex = metadataIndex;
    this.refusal = refusal;
  }
}

/**
 * The replicas of other peers. Rejections are `PeerUnreachable`, `ReplicaRefused` and `ServiceError`; a call that was
 * not answered within its timeout rejects with `PeerUnreachable` too. Bytes that are passed in are not to be changed
 * before the answer.
 */
export interface RemoteReplicas {
  /** Coordinator to update leader. */
  forward(peer: PeerId, target: ShardTarget, write: ShardWrite, options: ForwardOptions): Promise<WriteResult>;
  /**
   * Update leader to replica, before its first `follow`: afterwards the replica takes nothing of earlier leaders, and
   * has noted durably who is left out. Refused when the replica knows that the sender missed writes.
   */
  acceptLeader(
    peer: PeerId,
    target: ShardTarget,
    announcement: LeaderAnnouncement,
    timeoutMs: number,
  ): Promise<LeaderAcceptance>;
  /**
   * Update leader to replica. What one peer sends to another by this, `acceptLeader` and `replaceRange` arrives in the
   * order of the calls. `operation` carries its clock tag.
   */
  follow(peer: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult>;
  /** Resolves when the replacement is durable. */
  replaceRange(peer: PeerId, target: ShardTarget, change: RangeReplacement, timeoutMs: number): Promise<void>;
  /** A point batch, best first. */
  search(peer: PeerId, target: ShardTarget, request: SearchRequest, timeoutMs: number): Promise<Buffer>;
  /** A point batch in the order of the ids. */
  retrieve(peer: PeerId, target: ShardTarget, request: RetrieveRequest, timeoutMs: number): Promise<Buffer>;
  scroll(peer: PeerId, target: ShardTarget, request: ScrollRequest, timeoutMs: number): Promise<ScrollPage>;
  count(peer: PeerId, target: ShardTarget, request: CountRequest, timeoutMs: number): Promise<number>;
  info(peer: PeerId, target: ShardTarget, timeoutMs: number): Promise<ReplicaInfo>;
  rangeDigest(peer: PeerId, target: ShardTarget, range: IdRange, timeoutMs: number): Promise<RangeDigest>;
  /** The replicas of this node that the peer knows to have missed writes. */
  missedWrites(peer: PeerId, timeoutMs: number): Promise<readonly MissedWrites[]>;
}

/**
 * What this node does for other peers; called by the p2p server. `from` is the sender. Rejections that are neither
 * `ReplicaRefused` nor `ServiceError` reach the sender as `ServiceError` of the kind that `toServiceError` finds.
 *
 * Calls of `acceptLeader`, `follow` and `replaceRange` of one peer are made one right after the other in the order of that peer's
 * calls, without waiting for the answers: whoever implements them takes their places synchronously. The bytes that
 * come with a call are the host's to keep; they are not changed afterwards.
 */
export interface ReplicaHost {
  forward(from: PeerId, target: ShardTarget, write: ShardWrite, options: ForwardOptions): Promise<WriteResult>;
  /** The answer is given when what is to be noted is durable. */
  acceptLeader(
    from: PeerId,
    target: ShardTarget,
    announcement: LeaderAnnouncement,
    timeoutMs: number,
  ): Promise<LeaderAcceptance>;
  follow(from: PeerId, target: ShardTarget, operation: Uint8Array, options: FollowOptions): Promise<WriteResult>;
  replaceRange(from: PeerId, target: ShardTarget, change: RangeReplacement, timeoutMs: number): Promise<void>;
  search(from: PeerId, target: ShardTarget, request: SearchRequest, timeoutMs: number): Promise<Buffer>;
  retrieve(from: PeerId, target: ShardTarget, request: RetrieveRequest, timeoutMs: number): Promise<Buffer>;
  scroll(from: PeerId, target: ShardTarget, request: ScrollRequest, timeoutMs: number): Promise<ScrollPage>;
  count(from: PeerId, target: ShardTarget, request: CountRequest, timeoutMs: number): Promise<number>;
  info(from: PeerId, target: ShardTarget, timeoutMs: number): Promise<ReplicaInfo>;
  rangeDigest(from: PeerId, target: ShardTarget, range: IdRange, timeoutMs: number): Promise<RangeDigest>;
  /** The replicas of the sender that this node knows to have missed writes. */
  missedWrites(from: PeerId, timeoutMs: number): Promise<readonly MissedWrites[]>;
}
