/** What raft wants done: the order in which a driver does it is what safety rests on, and is said at each field. */
import type { Entry, LogIndex, PeerId, Term } from './entry.js';
import type { Message } from './message.js';
import type { Snapshot } from './snapshot.js';

/** What must survive a crash beside the log. */
export interface HardState {
  readonly term: Term;
  readonly vote: PeerId | null;
  /**
   * A lower bound of what is committed, never beyond what this peer's log has on disk. It need not be synced: losing
   * its latest values costs nothing.
   */
  readonly commit: LogIndex;
}

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export interface SoftState {
  readonly role: Role;
  /** Null while unknown. */
  readonly leader: PeerId | null;
  readonly term: Term;
}

export interface Ready {
  /** Counts from 1. `persisted(sequence)` acknowledges this one and all before it. */
  readonly sequence: number;

  /** Changed since the last one. To be on disk before any of `messagesAfterPersistence` is sent. */
  readonly hardState: HardState | null;
  /** To be installed in place of state and log: the log is empty after it and goes on at `meta.index + 1`. */
  readonly snapshot: Snapshot | null;
  /**
   * To be appended after the snapshot, consecutive. The log is first cut from `entries[0].index` on, if it reaches
   * there.
   */
  readonly entries: readonly Entry[];
  /** False when nothing is to be written, or only a commit index that can be lost: no sync is needed then. */
  readonly mustSync: boolean;

  /** May be sent at once, while the above is being written. */
  readonly messages: readonly Message[];
  /** May be sent when this Ready and all before it are persisted: each promises what is on disk. */
  readonly messagesAfterPersistence: readonly Message[];

  /**
   * To be applied in order, after `snapshot`, then acknowledged by `applied(index)`. All of them are on this peer's
   * disk. Entries of the kinds `empty` and `conf-change` are here too.
   */
  readonly committed: readonly Entry[];
  /** Contexts of `readIndex` that may be answered from the state machine now: it is fresh enough. */
  readonly confirmedReads: readonly number[];
  /** Contexts of `readIndex` that will not be confirmed: leadership changed, or the answer is overdue. Ask again. */
  readonly abortedReads: readonly number[];
  /** Changed since the last Ready, else null. */
  readonly softState: SoftState | null;
}
