import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, journalOptions, type JournalContent } from '../../src/consensus/journal.js';
import {
  decodeJournalRecord,
  encodeJournalRecord,
  JournalFormatError,
  type JournalRecord,
} from '../../src/consensus/journal-record.js';
import { loadAddon, type NativeLog } from '../../src/engine/addon.js';
import type { Entry } from '../../src/raft/entry.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });

let folder: string;
let log: NativeLog | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-journal-'));
});

afterEach(async () => {
  await log?.close();
  log = null;
  rmSync(folder, { recursive: true });
});

async function open(name = 'log'): Promise<{ readonly journal: Journal; readonly content: JournalContent }> {
  await log?.close();
  // Small segments, so that a mark drops some of them.
  log = await addon.openLog(join(folder, name), { ...journalOptions, segmentBytes: 4096 });
  return Journal.open(log);
}

const entry = (index: number, term: number, bytes = 100): Entry => ({
  index,
  term,
  kind: 'normal',
  data: new Uint8Array(bytes).fill(index % 251),
});

const entries = (first: number, last: number, term: number): readonly Entry[] =>
  Array.from({ length: last - first + 1 }, (_, place) => entry(first + place, term));

describe('a journal', () => {
  it('begins with nothing', async () => {
    const { content } = await open();
    expect(content).toEqual({ hardState: { term: 0, vote: null, commit: 0 }, compacted: null, entries: [] });
  });

  it('gives back what was written', async () => {
    const { journal } = await open();
    journal.append({ term: 2, vote: 7, commit: 1 }, entries(1, 3, 2));
    journal.append(null, entries(4, 4, 2));
    await journal.durable(journal.lastSequence);
    const { content } = await open();
    expect(content).toEqual({ hardState: { term: 2, vote: 7, commit: 1 }, compacted: null, entries: entries(1, 4, 2) });
  });

  it('forgets entries that another leader replaced', async () => {
    const { journal } = await open();
    journal.append(null, entries(1, 6, 1));
    journal.append(null, entries(4, 5, 2));
    const { content } = await open();
    expect(content.entries).toEqual([...entries(1, 3, 1), ...entries(4, 5, 2)]);
  });

  it('begins after a mark, with the hard state of before', async () => {
    const { journal } = await open();
    journal.append({ term: 1, vote: null, commit: 0 }, entries(1, 6, 1));
    await journal.mark({ index: 4, term: 1 }, { replacesLog: false });
    const { content } = await open();
    expect(content).toEqual({
      hardState: { term: 1, vote: null, commit: 0 },
      compacted: { index: 4, term: 1 },
      entries: entries(5, 6, 1),
    });
  });

  it('has no entries after a mark that replaces the log', async () => {
    const { journal } = await open();
    journal.append(null, entries(1, 6, 1));
    await journal.mark({ index: 100, term: 3 }, { replacesLog: true });
    journal.append(null, entries(101, 102, 3));
    const { content } = await open();
    expect(content.compacted).toEqual({ index: 100, term: 3 });
    expect(content.entries).toEqual(entries(101, 102, 3));
  });

  it('gives space back', async () => {
    const { journal } = await open();
    for (let index = 1; index <= 400; index += 1) {
      journal.append({ term: 1, vote: null, commit: index - 1 }, [entry(index, 1)]);
      if (index % 50 === 0) await journal.mark({ index: index - 20, term: 1 }, { replacesLog: false });
    }
    expect(log!.sizeBytes).toBeLessThan(40_000);
    expect(log!.firstSequence).toBeGreaterThan(300);
    const { content } = await open();
    expect(content.entries).toEqual(entries(381, 400, 1));
    expect(content.hardState).toEqual({ term: 1, vote: null, commit: 399 });
  });

  type Step =
    | { readonly kind: 'append'; readonly count: number; readonly back: number }
    | { readonly kind: 'mark'; readonly share: number }
    | { readonly kind: 'replace'; readonly ahead: number }
    | { readonly kind: 'reopen' };
  const steps: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 20 }), back: fc.nat(6) }),
    fc.record({ kind: fc.constant('mark' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('replace' as const), ahead: fc.nat(30) }),
    fc.constant({ kind: 'reopen' as const }),
  );

  it('says after any history what a list in memory says', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 40, size: 'max' }), async (history) => {
        const name = `run-${(run += 1)}`;
        let { journal } = await open(name);
        let compacted = { index: 0, term: 0 };
        let marked = false;
        let list: Entry[] = [];
        let term = 1;
        for (const step of history) {
          const last = list.at(-1)?.index ?? compacted.index;
          if (step.kind === 'append') {
            term += 1;
            const first = Math.max(compacted.index + 1, last + 1 - step.back);
            const added = entries(first, first + step.count - 1, term);
            list = [...list.filter(({ index }) => index < first), ...added];
            journal.append({ term, vote: null, commit: compacted.index }, added);
          } else if (step.kind === 'mark' || step.kind === 'replace') {
            const index =
              step.kind === 'mark'
                ? compacted.index + Math.round(step.share * (last - compacted.index))
                : last + step.ahead;
            const at =
              list.find((other) => other.index === index)?.term ?? (index === compacted.index ? compacted.term : term);
            compacted = { index, term: at };
            marked = true;
            list = step.kind === 'mark' ? list.filter((other) => other.index > index) : [];
            await journal.mark(compacted, { replacesLog: step.kind === 'replace' });
          } else {
            ({ journal } = await open(name));
          }
        }
        const { content } = await open(name);
        expect(content.entries).toEqual(list);
        expect(content.compacted).toEqual(marked ? compacted : null);
      }),
      { seed: 20_261_121, numRuns: 40 },
    );
  });
});

describe('a record', () => {
  const records: readonly JournalRecord[] = [
    { kind: 'entries', entries: [entry(1, 1), { index: 2, term: 1, kind: 'conf-change', data: new Uint8Array() }] },
    { kind: 'hard-state', hardState: { term: 9, vote: Number.MAX_SAFE_INTEGER, commit: 3 } },
    { kind: 'mark', compacted: { index: 5, term: 2 }, replacesLog: true },
  ];

  it.each(records)('is read as it was written: $kind', (record) => {
    expect(decodeJournalRecord(encodeJournalRecord(record))).toEqual(record);
  });

  it.each(records)('that is cut short is refused: $kind', (record) => {
    const body = encodeJournalRecord(record);
    for (let length = 0; length < body.length; length += 1) {
      expect(() => decodeJournalRecord(body.subarray(0, length))).toThrow(JournalFormatError);
    }
  });

  it('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 4 }), (bytes, kind) => {
        const body = Buffer.concat([Buffer.from([1, kind]), bytes]);
        try {
          decodeJournalRecord(body);
        } catch (error) {
          expect(error).toBeInstanceOf(JournalFormatError);
        }
      }),
      { seed: 20_261_121, numRuns: 2000 },
    );
  });

  it('of a later format is refused by name', () => {
    expect(() => decodeJournalRecord(Buffer.from([2, 1]))).toThrow(/format 2.*format 1/);
  });
});
