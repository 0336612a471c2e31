/**
 * The records of Raft's journal. Each is one change of what Raft has on disk; read in order, they give the
 * log and the hard state. Layout: u8 format version (1), u8 kind, then by kind, all numbers little-endian:
 *
 *   1 entries     u32 count, then for each u64 index, u64 term, u8 kind, u32 length, data
 *   2 hard state  u64 term, u64 vote (0: none), u64 commit
 *   3 mark        u64 index, u64 term, u8 (1: the whole log is replaced by the snapshot)
 */
import type { Entry, EntryId, EntryKind } from '../raft/entry.js';
import type { HardState } from '../raft/ready.js';

export type JournalRecord =
  /** What the log had from the first of them on is replaced. */
  | { readonly kind: 'entries'; readonly entries: readonly Entry[] }
  | { readonly kind: 'hard-state'; readonly hardState: HardState }
  /** A snapshot at or beyond this entry is on disk, and the log begins after it. */
  | { readonly kind: 'mark'; readonly compacted: EntryId; readonly replacesLog: boolean };

const formatVersion = 1;
const kinds = { entries: 1, 'hard-state': 2, mark: 3 } as const;
const entryKinds: readonly EntryKind[] = ['normal', 'conf-change', 'empty'];
const entryHeaderBytes = 21;

export class JournalFormatError extends Error {
  override readonly name = 'JournalFormatError';
}

export function encodeJournalRecord(record: JournalRecord): Buffer {
  switch (record.kind) {
    case 'entries': {
      const bytes = record.entries.reduce((sum, { data }) => sum + entryHeaderBytes + data.length, 6);
      const body = header(bytes, kinds.entries);
      body.writeUInt32LE(record.entries.length, 2);
      let at = 6;
      for (const entry of record.entries) at = writeEntry(body, at, entry);
      return body;
    }
    case 'hard-state': {
      const { term, vote, commit } = record.hardState;
      const body = header(26, kinds['hard-state']);
      writeNumbers(body, 2, [term, vote ?? 0, commit]);
      return body;
    }
    case 'mark': {
      const body = header(19, kinds.mark);
      writeNumbers(body, 2, [record.compacted.index, record.compacted.term]);
      body.writeUInt8(record.replacesLog ? 1 : 0, 18);
      return body;
    }
  }
}

function header(bytes: number, kind: number): Buffer {
  const body = Buffer.alloc(bytes);
  body.writeUInt8(formatVersion, 0);
  body.writeUInt8(kind, 1);
  return body;
}

function writeNumbers(body: Buffer, at: number, numbers: readonly number[]): void {
  numbers.forEach((value, place) => body.writeBigUInt64LE(BigInt(value), at + 8 * place));
}

function writeEntry(body: Buffer, at: number, { index, term, kind, data }: Entry): number {
  writeNumbers(body, at, [index, term]);
  body.writeUInt8(entryKinds.indexOf(kind), at + 16);
  body.writeUInt32LE(data.length, at + 17);
  body.set(data, at + entryHeaderBytes);
  return at + entryHeaderBytes + data.length;
}

/** The log has checked that these are the bytes that were written; still none is trusted to fit. */
export function decodeJournalRecord(body: Buffer): JournalRecord {
  try {
    const version = body.readUInt8(0);
    if (version !== formatVersion) {
      throw new JournalFormatError(`a record has format ${version}, and this version reads format ${formatVersion}`);
    }
    return decodeBody(body, body.readUInt8(1));
  } catch (error) {
    if (error instanceof RangeError) throw new JournalFormatError('a record ends too early', { cause: error });
    throw error;
  }
}

function decodeBody(body: Buffer, kind: number): JournalRecord {
  switch (kind) {
    case kinds.entries:
      return { kind: 'entries', entries: readEntries(body) };
    case kinds['hard-state']: {
      const vote = readNumber(body, 10);
      const hardState = { term: readNumber(body, 2), vote: vote === 0 ? null : vote, commit: readNumber(body, 18) };
      return { kind: 'hard-state', hardState };
    }
    case kinds.mark:
      return {
        kind: 'mark',
        compacted: { index: readNumber(body, 2), term: readNumber(body, 10) },
        replacesLog: body.readUInt8(18) === 1,
      };
    default:
      throw new JournalFormatError(`a record is of the unknown kind ${kind}`);
  }
}

function readNumber(body: Buffer, at: number): number {
  const value = Number(body.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value)) throw new JournalFormatError('a number of a record is too large');
  return value;
}

function readEntries(body: Buffer): readonly Entry[] {
  const count = body.readUInt32LE(2);
  const entries: Entry[] = [];
  let at = 6;
  while (entries.length < count) {
    const kind = entryKinds[body.readUInt8(at + 16)];
    if (kind === undefined) throw new JournalFormatError('an entry is of an unknown kind');
    const length = body.readUInt32LE(at + 17);
    const start = at + entryHeaderBytes;
    if (start + length > body.length) throw new JournalFormatError('an entry ends too early');
    // A copy: the body may be large, and the entry is kept for long.
    const data = new Uint8Array(body.subarray(start, start + length));
    entries.push({ index: readNumber(body, at), term: readNumber(body, at + 8), kind, data });
    at = start + length;
  }
  return entries;
}
