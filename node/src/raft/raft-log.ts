import type { Entry, EntryId, LogIndex, Term } from './entry.js';
import { RaftInvariantError } from './raft.js';

/** About what index, term and kind take on the wire; a message of small entries is bounded too. */
const entryOverheadBytes = 32;

/**
 * The log in memory: every entry after the compacted one. Entries up to `stable` are known to be on disk; those up to
 * `offered` were handed to the driver to be written; `delivered` were handed over to be applied.
 */
export class RaftLog {
  #compacted: EntryId;
  #entries: Entry[];
  #commit: LogIndex;
  #applied: LogIndex;
  stable: LogIndex;
  offered: LogIndex;
  delivered: LogIndex;

  constructor(compacted: EntryId, entries: readonly Entry[], applied: LogIndex) {
    this.#compacted = compacted;
    this.#entries = [...entries];
    this.#commit = applied;
    this.#applied = applied;
    this.stable = this.lastIndex;
    this.offered = this.lastIndex;
    this.delivered = applied;
  }

  get compacted(): EntryId {
    return this.#compacted;
  }

  get firstIndex(): LogIndex {
    return this.#compacted.index + 1;
  }

  get lastIndex(): LogIndex {
    return this.#compacted.index + this.#entries.length;
  }

  get last(): EntryId {
    return this.#entries.at(-1) ?? this.#compacted;
  }

  get commit(): LogIndex {
    return this.#commit;
  }

  /** The last committed entry. */
  get committed(): EntryId {
    const term = this.term(this.#commit);
    if (term === null) throw new RaftInvariantError(`the committed entry ${this.#commit} is not in the log`);
    return { index: this.#commit, term };
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  /** Null for what is compacted or not there yet. */
  term(index: LogIndex): Term | null {
    if (index === this.#compacted.index) return this.#compacted.term;
    return this.entry(index)?.term ?? null;
  }

  entry(index: LogIndex): Entry | undefined {
    return index <= this.#compacted.index ? undefined : this.#entries[index - this.firstIndex];
  }

  has(id: EntryId): boolean {
    return this.term(id.index) === id.term;
  }

  /** Entries of [from, to], as many as fit into the bytes but at least one; empty when there are none. */
  slice(from: LogIndex, to: LogIndex, maxBytes: number): Entry[] {
    if (from < this.firstIndex) throw new RaftInvariantError(`entry ${from} is compacted`);
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= Math.min(to, this.lastIndex); index += 1) {
      const entry = this.#entries[index - this.firstIndex]!;
      bytes += entry.data.length + entryOverheadBytes;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Whether a log that ends with `other` has everything that this log may have committed (Raft section 5.4.1). */
  isNotAheadOf(other: EntryId): boolean {
    const { term, index } = this.last;
    return other.term > term || (other.term === term && other.index >= index);
  }

  /** The highest index up to `index` whose term is at most `term`: above it the logs differ for certain. */
  lastNotAbove(index: LogIndex, term: Term): EntryId {
    for (let at = Math.min(index, this.lastIndex); at > this.#compacted.index; at -= 1) {
      const own = this.term(at)!;
      if (own <= term) return { index: at, term: own };
    }
    return index <= this.#compacted.index ? { index, term: 0 } : this.#compacted;
  }

  /** The first of consecutive entries that this log has not, or has differently; null when it has all. */
  firstDifference(entries: readonly Entry[]): LogIndex | null {
    return entries.find((entry) => !this.has(entry))?.index ?? null;
  }

  /** Cuts the log from the first entry's index on, if it reaches there, and appends. */
  append(entries: readonly Entry[]): void {
    const from = entries[0]?.index;
    if (from === undefined) return;
    if (from <= this.#commit) throw new RaftInvariantError(`entry ${from} is committed and would be replaced`);
    if (from > this.lastIndex + 1) throw new RaftInvariantError(`entry ${from} would leave a gap`);
    this.#entries.length = from - this.firstIndex;
    this.stable = Math.min(this.stable, from - 1);
    this.offered = Math.min(this.offered, from - 1);
    for (const entry of entries) this.#entries.push(entry);
  }

  /** Replaces everything by a snapshot, of which the disk knows nothing yet. */
  restore(snapshot: EntryId): void {
    // Up to the old commit index the disk agrees with the snapshot; what lies beyond may not.
    this.stable = Math.min(this.stable, this.#commit);
    this.#compacted = { index: snapshot.index, term: snapshot.term };
    this.#entries = [];
    this.#commit = snapshot.index;
    this.offered = snapshot.index;
    this.delivered = snapshot.index;
  }

  commitTo(index: LogIndex): void {
    if (index <= this.#commit) return;
    if (index > this.lastIndex) {
      throw new RaftInvariantError(`commit index ${index} is beyond the last entry, ${this.lastIndex}`);
    }
    this.#commit = index;
  }

  appliedTo(index: LogIndex): void {
    if (index > this.delivered) throw new RaftInvariantError(`entry ${index} was applied and never handed over`);
    this.#applied = Math.max(this.#applied, index);
  }

  compactTo(index: LogIndex): void {
    if (index <= this.#compacted.index) return;
    if (index > this.#applied) throw new RaftInvariantError(`entry ${index} is not applied and would be compacted`);
    const term = this.term(index);
    if (term === null) throw new RaftInvariantError(`entry ${index} is not in the log`);
    this.#entries.splice(0, index - this.#compacted.index);
    this.#compacted = { index, term };
  }
}
