import type { Entry } from './entry.js';
import type { HardState, Ready, SoftState } from './ready.js';
import type { RaftState } from './raft-state.js';

/** Collects what has changed since the last Ready. */
export class ReadyBuilder {
  readonly #state: RaftState;
  #hardState: HardState;
  #softState: SoftState = { role: 'follower', leader: null, term: 0 };

  constructor(state: RaftState, onDisk: HardState) {
    this.#state = state;
    this.#hardState = onDisk;
  }

  build(): Ready | null {
    const state = this.#state;
    const { log, messages, messagesAfterPersistence, snapshot } = state;
    const before = this.#hardState;
    const hardState = this.#takeHardState();
    const voteChanged = hardState !== null && (hardState.term !== before.term || hardState.vote !== before.vote);
    const entries = log.offered < log.lastIndex ? log.slice(log.offered + 1, log.lastIndex, Infinity) : [];
    const committed = this.#takeCommitted();
    const confirmedReads = state.reads.takeApplied(log.applied);
    const abortedReads = state.reads.takeAborted();
    const softState = this.#takeSoftState();
    const lists = entries.length + messages.length + messagesAfterPersistence.length + committed.length;
    const reads = confirmedReads.length + abortedReads.length;
    if (lists + reads === 0 && hardState === null && snapshot === null && softState === null) return null;
    state.snapshot = null;
    // Even empty lists are the driver's now: what is said later must not appear in a Ready of before.
    state.messages = [];
    state.messagesAfterPersistence = [];
    log.offered = log.lastIndex;
    const writesLog = snapshot !== null || entries.length > 0;
    return {
      sequence: state.persistence.begin(state.term, state.vote, writesLog ? log.lastIndex : 0),
      hardState,
      snapshot,
      entries,
      // A peer that was removed may stop for good, so the others must not forget that its vote is not needed.
      mustSync: voteChanged || writesLog || committed.some(({ kind }) => kind === 'conf-change'),
      messages,
      messagesAfterPersistence,
      committed,
      confirmedReads,
      abortedReads,
      softState,
    };
  }

  /** What is committed is applied when it is on the own disk too: the state never has more than the log. */
  #takeCommitted(): Entry[] {
    const { log, config } = this.#state;
    const applicable = Math.min(log.commit, log.stable);
    if (log.delivered >= applicable) return [];
    const committed = log.slice(log.delivered + 1, applicable, config.maxCommittedBytes);
    log.delivered += committed.length;
    return committed;
  }

  /** The commit index on disk stays within the log on disk, so that a restart can tell a log that lost entries. */
  #takeHardState(): HardState | null {
    const { term, vote, log } = this.#state;
    const before = this.#hardState;
    const commit = Math.max(before.commit, Math.min(log.commit, log.stable));
    if (term === before.term && vote === before.vote && commit === before.commit) return null;
    return (this.#hardState = { term, vote, commit });
  }

  #takeSoftState(): SoftState | null {
    const { role, leader, term } = this.#state;
    const before = this.#softState;
    if (role === before.role && leader === before.leader && term === before.term) return null;
    return (this.#softState = { role, leader, term });
  }
}
