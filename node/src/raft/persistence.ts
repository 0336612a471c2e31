import type { LogIndex, PeerId, Term } from './entry.js';
import { RaftInvariantError } from './raft.js';

/** What one Ready asked the driver to write. */
interface Write {
  readonly sequence: number;
  readonly term: Term;
  readonly vote: PeerId | null;
  /** The log on disk equals the one in memory up to here once this is written; 0 when it wrote nothing of the log. */
  lastIndex: LogIndex;
}

/** Readies that are handed over and not on disk yet, and what is. */
export class Persistence {
  #term: Term;
  #vote: PeerId | null;
  #lastSequence = 0;
  #underWay: Write[] = [];

  constructor(term: Term, vote: PeerId | null) {
    this.#term = term;
    this.#vote = vote;
  }

  /** The vote that would survive a crash now. */
  hasOnDisk(term: Term, vote: PeerId | null): boolean {
    return this.#term === term && this.#vote === vote;
  }

  begin(term: Term, vote: PeerId | null, lastIndex: LogIndex): number {
    this.#lastSequence += 1;
    this.#underWay.push({ sequence: this.#lastSequence, term, vote, lastIndex });
    return this.#lastSequence;
  }

  /**
   * The log in memory was cut: writes that are under way say nothing about what comes after, even if entries with the
   * same index and term come back later, because the disk will have been cut in between.
   */
  cutAfter(index: LogIndex): void {
    for (const write of this.#underWay) write.lastIndex = Math.min(write.lastIndex, index);
  }

  /** The index up to which these writes made the log stable; 0 when they wrote nothing of it. */
  finish(sequence: number): LogIndex {
    if (sequence > this.#lastSequence) throw new RaftInvariantError(`there is no Ready ${sequence} to be persisted`);
    let stable = 0;
    while (this.#underWay.length > 0 && this.#underWay[0]!.sequence <= sequence) {
      const write = this.#underWay.shift()!;
      this.#term = write.term;
      this.#vote = write.vote;
      stable = Math.max(stable, write.lastIndex);
    }
    return stable;
  }
}
