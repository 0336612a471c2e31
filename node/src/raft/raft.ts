/**
 * Raft as a pure state machine (Ongaro and Ousterhout 2014; pre-vote, check-quorum, leader transfer and read index as
 * in Ongaro's thesis, chapters 3, 4, 6 and 9). The driver feeds it ticks, messages and proposals, and after each input
 * does what `ready()` says until it returns null:
 *
 *     node.step(message);
 *     for (let ready = node.ready(); ready !== null; ready = node.ready()) {
 *       send(ready.messages);
 *       disk.write(ready.hardState, ready.snapshot, ready.entries).then(() => {   // in the order of the readies
 *         send(ready.messagesAfterPersistence);
 *         node.persisted(ready.sequence);                                         // then ready() again
 *       });
 *       apply(ready.snapshot, ready.committed).then((index) => node.applied(index)); // then ready() again
 *     }
 *
 * Any number of Readies may be under way, so one sync of the log can cover many of them.
 */
import type { ConfChange, ConfState } from './conf-change.js';
import type { LogIndex, PeerId, Term } from './entry.js';
import type { Message } from './message.js';
import type { Ready, Role } from './ready.js';
import type { SnapshotMeta } from './snapshot.js';

/** Raft forwards no proposals: a follower names the leader and the driver forwards, so that a retry is its decision. */
export interface NotLeader {
  readonly kind: 'not-leader';
  readonly leader: PeerId | null;
}

export interface Accepted {
  readonly kind: 'accepted';
  /** It is committed when an entry with this index and this term is; another term at the index means it is lost. */
  readonly index: LogIndex;
  readonly term: Term;
}

export type ProposeOutcome =
  | Accepted
  | NotLeader
  /** Leadership is being handed over. */
  | { readonly kind: 'transferring'; readonly to: PeerId }
  /** `maxUncommittedBytes` are waiting already. */
  | { readonly kind: 'busy' };

export type ConfChangeOutcome =
  | ProposeOutcome
  /** A change before this one is not applied yet. */
  | { readonly kind: 'pending' }
  /** Nothing would change, or the last voter would go. */
  | { readonly kind: 'no-effect' };

export type ReadIndexOutcome =
  /** The context will be in `confirmedReads` or `abortedReads` of a Ready. */
  { readonly kind: 'accepted' } | NotLeader | { readonly kind: 'busy' };

export type TransferOutcome =
  { readonly kind: 'accepted' } | NotLeader | { readonly kind: 'busy' } | { readonly kind: 'not-a-voter' };

/** Why a message had no effect. None of these is an error of this peer. */
export type IgnoredReason =
  /** Fields contradict each other or the message's type, or are out of all proportion. */
  | 'malformed'
  /** Meant for another peer, or pretends to come from this one. */
  | 'misdirected'
  /** Of a term that has passed. */
  | 'old-term'
  /** A vote while this peer hears from a leader. */
  | 'leader-is-alive'
  /** An answer that was not asked for, or a message that this role does not take. */
  | 'unexpected'
  /** From a peer that is no member, to a leader. */
  | 'unknown-peer'
  /** Would undo what is committed here. Two logs have parted: someone lost what it had acknowledged. */
  | 'contradicts-commit';

/** How far a follower is; only a leader knows. */
export interface ProgressStatus {
  readonly peer: PeerId;
  readonly learner: boolean;
  /** Known to be equal to the leader's log up to here, on the follower's disk. */
  readonly match: LogIndex;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  /** Answered since the last check of the quorum. */
  readonly recentlyActive: boolean;
}

export interface RaftStatus {
  readonly id: PeerId;
  readonly role: Role;
  readonly leader: PeerId | null;
  readonly term: Term;
  readonly vote: PeerId | null;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly confState: ConfState;
  readonly transferringTo: PeerId | null;
  /** How far the others are; empty but on a leader. */
  readonly progress: readonly ProgressStatus[];
}

/** Thrown when an invariant of the own state is broken: the driver stops, and rebuilds from disk. */
export class RaftInvariantError extends Error {
  override readonly name = 'RaftInvariantError';
}

export interface Raft {
  /** One tick of the driver's clock. Late ticks are to be dropped, not replayed. */
  tick(): void;

  /** Takes a message of another peer. Null when it was taken, else why it was not. */
  step(message: Message): IgnoredReason | null;

  propose(data: Uint8Array): ProposeOutcome;

  /**
   * One at a time; takes effect on each peer when it applies the entry. A leader that removes itself goes on leading
   * for a moment, without taking proposals, until the others know it; its driver goes on until it is a follower.
   */
  proposeConfChange(change: ConfChange): ConfChangeOutcome;

  /** Gives up after an election timeout; no proposals are taken meanwhile. */
  transferLeader(to: PeerId): TransferOutcome;

  /** Asks, of the leader if need be, that a read sees all that was committed before now. Contexts are not reused. */
  readIndex(context: number): ReadIndexOutcome;

  /** A follower asks the leader for its whole state. False when there is no leader to ask; ask again if none comes. */
  requestSnapshot(): boolean;

  /** A message to the peer could not be delivered. */
  reportUnreachable(peer: PeerId): void;

  /** The transport is done with a snapshot message to the peer. */
  reportSnapshot(peer: PeerId, delivered: boolean): void;

  /**
   * The peer's connection was refused or reset, which a slow network does not do. If it is the leader, this follower
   * asks the others for a pre-vote within a few ticks instead of waiting for the election timeout.
   */
  leaderUnreachable(peer: PeerId): void;

  /** Null when there is nothing to do. */
  ready(): Ready | null;

  /** All that this Ready and those before it want written is on disk. */
  persisted(sequence: number): void;

  /** The state machine has applied everything up to there, snapshots included. Changes of members take effect now. */
  applied(index: LogIndex): void;

  /** Forgets the log up to there. From then on `snapshot()` of the configuration gives at least this index. */
  compact(index: LogIndex): void;

  /**
   * The applied index with its term and the members as of it: what a snapshot of the state machine is labelled with.
   * Null while a snapshot waits to be applied, whose members are in effect already.
   */
  appliedMeta(): SnapshotMeta | null;

  /** Cheap enough to be asked at every step. */
  status(): RaftStatus;
}
