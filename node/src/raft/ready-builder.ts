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
    const entries = log.slice(log.offered + 1, log.lastIndex, Infinity);
    const applicable = Math.min(log.commit, log.stable);
    const committed =
      log.delivered < applicable ? log.slice(log.delivered + 1, applicable, state.config.maxCommittedBytes) : [];
    const confirmedReads = state.reads.takeApplied(log.applied);
    const abortedReads = state.reads.takeAborted();
    const softState = this.#takeSoftState();
    const work = [entries, messages, messagesAfterPersistence, committed, confirmedReads, abortedReads];
    if (hardState === null && snapshot === null && softState === null && work.every(({ length }) => length === 0)) {
      return null;
    }
    state.snapshot = null;
    state.messages = [];
    state.messagesAfterPersistence = [];
    log.offered = log.lastIndex;
    log.delivered += committed.length;
    const writesLog = snapshot !== null || entries.length > 0;
    const sequence = state.persistence.begin(state.term, state.vote, writesLog ? log.lastIndex : 0);
    // A peer that was removed may stop for good, so the others must not forget that its vote is not needed.
    const mustSync = voteChanged || writesLog || committed.some(({ kind }) => kind === 'conf-change');
    return {
      ...{ sequence, hardState, snapshot, entries, mustSync, messages, messagesAfterPersistence },
      ...{ committed, confirmedReads, abortedReads, softState },
    };
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
