import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DurableMissedWritesLedger, noteFile, type NoteFile } from '../../src/replica/missed-writes-ledger.js';

describe('the notes about replicas that missed writes', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vdb-notes-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are there after a restart, with the index that they were made at', async () => {
    const path = join(folder, 'failed_replicas.json');
    const ledger = await DurableMissedWritesLedger.open(noteFile(path));
    expect([...ledger.peers]).toEqual([]);
    const added = ledger.add([2, 3], 17);
    expect([...ledger.peers]).toEqual([2, 3]);
    await added;
    await ledger.leadsAt(12);
    await ledger.remove([3]);
    const again = await DurableMissedWritesLedger.open(noteFile(path));
    expect([...again.peers]).toEqual([2]);
    expect(again.notedAt(2)).toBe(17);
    expect(again.ledAt).toBe(12);
  });

  it('are written once for all that come while a write is under way, and not again for what is known', async () => {
    const written: string[] = [];
    const file: NoteFile = {
      read: () => Promise.resolve(null),
      replace: async (text) => {
        await Promise.resolve();
        written.push(text);
      },
    };
    const ledger = await DurableMissedWritesLedger.open(file);
    await Promise.all([ledger.add([1], 1), ledger.add([2], 1), ledger.add([1, 2, 3], 2)]);
    expect(written).toHaveLength(2);
    await ledger.add([1, 3], 9);
    expect(written).toHaveLength(2);
    expect(ledger.notedAt(1)).toBe(1);
  });

  it('are tried again after a write that failed, and not durable before', async () => {
    let full = true;
    const file: NoteFile = {
      read: () => Promise.resolve(null),
      replace: () => (full ? Promise.reject(new Error('no space')) : Promise.resolve()),
    };
    const ledger = await DurableMissedWritesLedger.open(file);
    await expect(ledger.add([4], 1)).rejects.toThrow('no space');
    expect(ledger.peers.has(4)).toBe(true);
    await expect(ledger.add([4], 1)).rejects.toThrow('no space');
    full = false;
    await ledger.add([4], 1);
  });

  it.each([
    '',
    '[]',
    '{"format":2}',
    '{"format":1,"ledAt":0,"missed":[{"peer":-1,"metadataIndex":1}]}',
    '{"format":1,"missed":[]}',
  ])('are refused as a whole when the file says %j', async (text) => {
    const path = join(folder, 'failed_replicas.json');
    await writeFile(path, text);
    await expect(DurableMissedWritesLedger.open(noteFile(path))).rejects.toThrow('notes about replicas');
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
