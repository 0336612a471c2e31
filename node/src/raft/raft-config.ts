import type { ConfState } from './conf-change.js';
import type { Entry, EntryId, LogIndex, PeerId } from './entry.js';
import type { HardState } from './ready.js';
import type { Snapshot } from './snapshot.js';

export interface RaftConfig {
  readonly id: PeerId;
  /** A follower that hears nothing for `electionTicks` to `2 * electionTicks - 1` ticks campaigns; drawn per term. */
  readonly electionTicks: number;
  /** At most a fifth of `electionTicks` is sensible. */
  readonly heartbeatTicks: number;
  /** A leader steps down when no quorum answered within `electionTicks`; peers that hear a leader refuse votes. */
  readonly checkQuorum: boolean;
  /** A campaign asks first whether it would be won, and raises the term only then. */
  readonly preVote: boolean;
  /** Bytes of entries in one append; one entry goes even if it is larger. */
  readonly maxAppendBytes: number;
  /** Appends on their way to one follower. */
  readonly maxInflightAppends: number;
  /** Bytes of proposals that are not committed yet; beyond that proposals are refused as `busy`. */
  readonly maxUncommittedBytes: number;
  /** Bytes of entries that one Ready hands over to be applied; one entry goes even if it is larger. */
  readonly maxCommittedBytes: number;
  /** Reads that wait for their round of heartbeats; beyond that reads are refused as `busy`. */
  readonly maxPendingReads: number;
  /** From 0 inclusive to 1 exclusive; seeded per peer, so that no two peers draw the same timeouts. */
  readonly random: () => number;
  /**
   * The state to send to a follower that needs entries that are compacted. Its index is at least the compacted one
   * and at most the applied one. Null while there is none: raft asks again later.
   */
  readonly snapshot: () => Snapshot | null;
}

/** All but what has to be given. Ticks are 100 ms by default, so an election takes 1 to 2 seconds of silence. */
export const defaultRaftConfig = {
  electionTicks: 10,
  heartbeatTicks: 1,
  checkQuorum: true,
  preVote: true,
  maxAppendBytes: 1024 * 1024,
  maxInflightAppends: 256,
  maxUncommittedBytes: 64 * 1024 * 1024,
  maxCommittedBytes: 4 * 1024 * 1024,
  maxPendingReads: 4096,
} as const satisfies Partial<RaftConfig>;

/** What the disk holds at start. */
export interface RestoredState {
  readonly hardState: HardState;
  /** Members as of `appliedIndex`. */
  readonly confState: ConfState;
  /** What the state machine has already; entries after it are handed over again once they are known as committed. */
  readonly appliedIndex: LogIndex;
  /** The last entry that the log has no longer; `{ index: 0, term: 0 }` when it has all. */
  readonly compacted: EntryId;
  /** The log: consecutive from `compacted.index + 1`. Raft keeps it in memory until it is compacted. */
  readonly entries: readonly Entry[];
}

/**
 * The state of the first peer of a cluster, which is its only voter. It stands at entry 1 without having it, so that
 * every other peer learns the members by a snapshot and none can start from an empty log and miss the first voter.
 */
export function firstPeerState(id: PeerId): RestoredState {
  return {
    hardState: { term: 1, vote: null, commit: 1 },
    confState: { voters: [id], learners: [] },
    appliedIndex: 1,
    compacted: { index: 1, term: 1 },
    entries: [],
  };
}

/** The state of a peer that waits for a leader to tell it all. */
export function joiningPeerState(): RestoredState {
  return {
    hardState: { term: 0, vote: null, commit: 0 },
    confState: { voters: [], learners: [] },
    appliedIndex: 0,
    compacted: { index: 0, term: 0 },
    entries: [],
  };
}
