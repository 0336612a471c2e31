/**
 * What peers say to each other. Messages may be lost, doubled, delayed and reordered; the transport only must not
 * alter them, nor deliver them to another peer than `to`.
 */
import type { Entry, EntryId, LogIndex, PeerId, Term } from './entry.js';
import type { Snapshot } from './snapshot.js';

interface Envelope {
  readonly from: PeerId;
  readonly to: PeerId;
  /** The sender's term. In a pre-vote, and in an answer that grants one, the term that the campaign would have. */
  readonly term: Term;
}

/** Entries that follow `previous`; without entries a probe, or news of the commit index. */
export interface AppendMessage extends Envelope {
  readonly type: 'append';
  readonly previous: EntryId;
  readonly entries: readonly Entry[];
  readonly commit: LogIndex;
}

export interface AppendResponseMessage extends Envelope {
  readonly type: 'append-response';
  /** Accepted: the log equals the leader's up to here, on disk. Rejected: the `previous.index` that did not match. */
  readonly index: LogIndex;
  /** On a rejection the highest entry at which the logs may still be equal; null when accepted. */
  readonly rejected: EntryId | null;
}

export interface HeartbeatMessage extends Envelope {
  readonly type: 'heartbeat';
  /** Never beyond what the follower is known to hold. */
  readonly commit: LogIndex;
  /** Counts rounds of heartbeats within a term; the answer repeats it, which confirms the reads of that round. */
  readonly round: number;
}

export interface HeartbeatResponseMessage extends Envelope {
  readonly type: 'heartbeat-response';
  readonly round: number;
  /** What the follower knows as committed, this heartbeat included. */
  readonly commit: LogIndex;
}

/** Why a campaign may disturb peers that still hear from a leader. */
export type CampaignCause =
  /** It may not: the election timeout has passed. */
  | 'timeout'
  /** The leader's connection was refused or reset. Counts with peers that have reason to believe it. */
  | 'leader-unreachable'
  /** The leader asked for it. */
  | 'transfer';

export interface PreVoteMessage extends Envelope {
  readonly type: 'pre-vote';
  readonly last: EntryId;
  readonly cause: CampaignCause;
}

export interface PreVoteResponseMessage extends Envelope {
  readonly type: 'pre-vote-response';
  readonly granted: boolean;
  readonly commit: EntryId;
}

export interface VoteMessage extends Envelope {
  readonly type: 'vote';
  readonly last: EntryId;
  readonly cause: CampaignCause;
}

export interface VoteResponseMessage extends Envelope {
  readonly type: 'vote-response';
  readonly granted: boolean;
  /**
   * What the voter knows as committed. A peer that was removed does not campaign; it may have the longer log all the
   * same, and the one that asks for its vote would ask for ever if it did not learn of the removal.
   */
  readonly commit: EntryId;
}

/** Answered with an append-response once it is installed, or at once when it is not needed. */
export interface SnapshotMessage extends Envelope {
  readonly type: 'snapshot';
  readonly snapshot: Snapshot;
}

/** A follower wants its state replaced by the leader's, which has to be at or beyond `index`. */
export interface SnapshotRequestMessage extends Envelope {
  readonly type: 'snapshot-request';
  readonly index: LogIndex;
}

/** The leader hands over: campaign now, without a pre-vote. */
export interface TimeoutNowMessage extends Envelope {
  readonly type: 'timeout-now';
}

export interface ReadIndexMessage extends Envelope {
  readonly type: 'read-index';
  readonly context: number;
}

export interface ReadIndexResponseMessage extends Envelope {
  readonly type: 'read-index-response';
  readonly context: number;
  readonly index: LogIndex;
}

export type Message =
  | AppendMessage
  | AppendResponseMessage
  | HeartbeatMessage
  | HeartbeatResponseMessage
  | PreVoteMessage
  | PreVoteResponseMessage
  | VoteMessage
  | VoteResponseMessage
  | SnapshotMessage
  | SnapshotRequestMessage
  | TimeoutNowMessage
  | ReadIndexMessage
  | ReadIndexResponseMessage;

export type MessageType = Message['type'];
