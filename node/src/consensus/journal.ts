/**
 * Raft's log and hard state on disk. The journal is only appended to, never cut at its end; what a snapshot
 * has made unnecessary goes by whole segments from its beginning.
 */
import type { LogOptions, NativeLog } from '../engine/addon.js';
import type { Entry, EntryId, LogIndex } from '../raft/entry.js';
import type { HardState } from '../raft/ready.js';
import { decodeJournalRecord, encodeJournalRecord, type JournalRecord } from './journal-record.js';

const readBytes = 4 * 1024 * 1024;

/** Metadata is small, and segments are what the journal gives space back by. */
export const journalOptions: LogOptions = { segmentBytes: 1024 * 1024, sync: 'always', syncIntervalMs: 0 };

/** The records of a journal do not fit each other, or the snapshot beside them. */
export class JournalContentError extends Error {
  override readonly name = 'JournalContentError';
}

/** What the records of a journal say. */
export interface JournalContent {
  readonly hardState: HardState;
  /** Of the newest mark; null before the first. */
  readonly compacted: EntryId | null;
  /** Consecutive, after `compacted`. */
  readonly entries: readonly Entry[];
}

/** Since which record of the journal the entries from `index` on are in it. */
interface Extent {
  readonly index: LogIndex;
  readonly sequence: number;
}

export class Journal {
  readonly #log: NativeLog;
  #extents: Extent[] = [];
  #hardState: HardState = { term: 0, vote: null, commit: 0 };

  private constructor(log: NativeLog) {
    this.#log = log;
  }

  /** Reads all of it. Throws `JournalContentError` when its records do not fit each other. */
  static async open(log: NativeLog): Promise<{ readonly journal: Journal; readonly content: JournalContent }> {
    const journal = new Journal(log);
    const content = await journal.#replay();
    return { journal, content };
  }

  /** The sequence of the last record, for `durable`. */
  get lastSequence(): number {
    return this.#log.lastSequence;
  }

  durable(sequence: number): Promise<void> {
    return this.#log.durable(sequence);
  }

  append(hardState: HardState | null, entries: readonly Entry[]): void {
    const records: JournalRecord[] = [];
    if (entries.length > 0) records.push({ kind: 'entries', entries });
    // After the entries: a commit index on disk never is beyond the log on disk.
    if (hardState !== null) records.push({ kind: 'hard-state', hardState });
    this.#write(records);
  }

  /** The snapshot must be on disk. The hard state is repeated, so that no older record of it is needed. */
  async mark(compacted: EntryId, { replacesLog }: { readonly replacesLog: boolean }): Promise<void> {
    const sequence = this.#write([
      { kind: 'mark', compacted, replacesLog },
      { kind: 'hard-state', hardState: this.#hardState },
    ]);
    await this.#log.durable(this.#log.lastSequence);
    await this.#log.truncateBefore(Math.min(sequence, this.#extents[0]?.sequence ?? sequence));
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #write(records: readonly JournalRecord[]): number {
    if (records.length === 0) return this.#log.lastSequence;
    const first = this.#log.append(records.map(encodeJournalRecord));
    records.forEach((record, place) => this.#note(record, first + place));
    return first;
  }

  #note(record: JournalRecord, sequence: number): void {
    switch (record.kind) {
      case 'entries': {
        const index = record.entries[0]!.index;
        this.#extents = this.#extents.filter((extent) => extent.index < index);
        this.#extents.push({ index, sequence });
        return;
      }
      case 'hard-state':
        this.#hardState = record.hardState;
        return;
      case 'mark': {
        if (record.replacesLog) this.#extents = [];
        const wanted = record.compacted.index + 1;
        const next = this.#extents.findIndex((extent) => extent.index > wanted);
        const holding = next === -1 ? this.#extents.length - 1 : next - 1;
        this.#extents = this.#extents.slice(Math.max(0, holding));
      }
    }
  }

  async #replay(): Promise<JournalContent> {
    let compacted: EntryId | null = null;
    let entries: Entry[] = [];
    for (let from = this.#log.firstSequence; from > 0 && from <= this.#log.lastSequence;) {
      const records = await this.#log.read(from, readBytes);
      if (records.length === 0) break;
      for (const { sequence, body } of records) {
        const record = decodeJournalRecord(body);
        this.#note(record, sequence);
        if (record.kind === 'entries') entries = spliced(entries, record.entries);
        if (record.kind !== 'mark') continue;
        compacted = record.compacted;
        const { index } = compacted;
        entries = record.replacesLog ? [] : entries.filter((entry) => entry.index > index);
      }
      from = records.at(-1)!.sequence + 1;
    }
    checkConsecutive(compacted, entries);
    return { hardState: this.#hardState, compacted, entries };
  }
}

/** Records that were dropped with their segment may have held what comes before the first that is left. */
function spliced(entries: Entry[], added: readonly Entry[]): Entry[] {
  const first = added[0]?.index ?? 0;
  while (entries.length > 0 && entries.at(-1)!.index >= first) entries.pop();
  return entries.concat(added);
}

function checkConsecutive(compacted: EntryId | null, entries: readonly Entry[]): void {
  let previous = compacted?.index ?? (entries[0]?.index ?? 1) - 1;
  for (const { index } of entries) {
    if (index !== previous + 1) throw new JournalContentError(`the journal's entry ${index} follows entry ${previous}`);
    previous = index;
  }
}
