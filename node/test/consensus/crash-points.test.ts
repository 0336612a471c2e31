import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeJournalRecord } from '../../src/consensus/journal-record.js';
import { RaftStorage, snapshotOf, type LogOpener, type StoredRaft } from '../../src/consensus/raft-storage.js';
import { initialState, skipped, type ReplicatedState } from '../../src/consensus/replicated-state.js';
import { loadAddon, type NativeLog } from '../../src/engine/addon.js';
import { firstPeerMetadata } from '../../src/metadata/metadata-state.js';
import type { Entry } from '../../src/raft/entry.js';
import { RaftNode } from '../../src/raft/raft-node.js';
import { defaultRaftConfig } from '../../src/raft/raft-config.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });

/** Where the process dies while a snapshot is stored. */
const points = ['before the file', 'before the mark', 'before segments are dropped', 'nowhere'] as const;
type Point = (typeof points)[number];

class Crash extends Error {}

/** A log whose process dies at a point of the storing of a snapshot, and does nothing after it. */
function dyingAt(point: Point): LogOpener {
  return {
    async openLog(directory, options) {
      const log = await addon.openLog(directory, options);
      const isMark = (body: Uint8Array): boolean => decodeJournalRecord(Buffer.from(body)).kind === 'mark';
      const dying: NativeLog = {
        append: (bodies) => {
          if (point === 'before the mark' && bodies.some(isMark)) throw new Crash();
          return log.append(bodies);
        },
        truncateBefore: (sequence) => {
          if (point === 'before segments are dropped') return Promise.reject(new Crash());
          return log.truncateBefore(sequence);
        },
        durable: (sequence) => log.durable(sequence),
        read: (from, maxBytes) => log.read(from, maxBytes),
        close: () => log.close(),
        get lastSequence() {
          return log.lastSequence;
        },
        get firstSequence() {
          return log.firstSequence;
        },
        get sizeBytes() {
          return log.sizeBytes;
        },
      };
      return dying;
    },
  };
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-crash-points-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const confState = { voters: [1, 2], learners: [] };
const stateAt = (index: number): ReplicatedState => skipped(initialState(firstPeerMetadata(1, 'http://one/')), index);
const snapshotAt = (index: number, term: number) => snapshotOf({ index, term, confState }, stateAt(index));
const entry = (index: number, term: number): Entry => ({ index, term, kind: 'empty', data: new Uint8Array() });
const range = (first: number, last: number, term: number) =>
  Array.from({ length: last - first + 1 }, (_, place) => entry(first + place, term));

/** A peer that has a snapshot of entry 10, and entries 11 to 30 of term 2, of which 25 are committed. */
async function prepare(point: Point): Promise<RaftStorage> {
  const { storage } = await RaftStorage.open(folder, addon);
  await storage.replace(snapshotAt(10, 2));
  storage.journal.append({ term: 2, vote: 1, commit: 25 }, range(11, 30, 2));
  await storage.journal.durable(storage.journal.lastSequence);
  await storage.close();
  return (await RaftStorage.open(folder, dyingAt(point))).storage;
}

async function attempt(point: Point, store: (storage: RaftStorage) => Promise<void>): Promise<StoredRaft> {
  const storage = await prepare(point);
  if (point === 'before the file') writeFileSync(join(folder, 'snapshot.tmp'), '{"format":1,"me');
  else if (point === 'nowhere') await store(storage);
  else await expect(store(storage)).rejects.toThrow(Crash);
  await storage.close();
  const { storage: reopened, stored } = await RaftStorage.open(folder, addon);
  await reopened.close();
  if (stored === null) throw new Error('the storage is empty');
  // Raft itself checks that what it is given fits together.
  new RaftNode({ ...defaultRaftConfig, id: 1, random: () => 0, snapshot: () => null }, stored.restored);
  return stored;
}

describe.each(points)('killed %s', (point) => {
  it('a peer that compacts has its state and every entry after it', async () => {
    const { restored, state } = await attempt(point, (storage) =>
      storage.compact(snapshotAt(25, 2), { index: 15, term: 2 }),
    );
    const stored = point !== 'before the file';
    const marked = stored && point !== 'before the mark';
    expect(restored.appliedIndex).toBe(stored ? 25 : 10);
    expect(state).toEqual(stateAt(restored.appliedIndex));
    expect(restored.compacted).toEqual({ index: marked ? 15 : 10, term: 2 });
    expect(restored.entries).toEqual(range(restored.compacted.index + 1, 30, 2));
    expect(restored.hardState).toEqual({ term: 2, vote: 1, commit: 25 });
  });

  it('a peer that gets a snapshot from beyond its log has the old state or the new one, whole', async () => {
    const { restored, state } = await attempt(point, (storage) => storage.replace(snapshotAt(90, 5)));
    const stored = point !== 'before the file';
    expect(restored.appliedIndex).toBe(stored ? 90 : 10);
    expect(state).toEqual(stateAt(restored.appliedIndex));
    expect(restored.compacted).toEqual(stored ? { index: 90, term: 5 } : { index: 10, term: 2 });
    expect(restored.entries).toEqual(stored ? [] : range(11, 30, 2));
  });

  it('a peer that gets a snapshot in place of entries that were never agreed on loses them', async () => {
    const { restored, state } = await attempt(point, (storage) => storage.replace(snapshotAt(28, 4)));
    const stored = point !== 'before the file';
    expect(restored.appliedIndex).toBe(stored ? 28 : 10);
    expect(state).toEqual(stateAt(restored.appliedIndex));
    expect(restored.entries).toEqual(stored ? [] : range(11, 30, 2));
  });
});

describe('storage that contradicts itself is refused', () => {
  it('without the snapshot that its journal follows', async () => {
    await (await prepare('nowhere')).close();
    rmSync(join(folder, 'snapshot'));
    await expect(RaftStorage.open(folder, addon)).rejects.toThrow(/follows a snapshot that is not there/);
  });

  it('with a snapshot older than the journal', async () => {
    const storage = await prepare('nowhere');
    await storage.replace(snapshotAt(90, 5));
    await storage.close();
    writeFileSync(
      join(folder, 'snapshot'),
      JSON.stringify({ format: 1, meta: { index: 10, term: 2, confState }, state: snapshotAt(10, 2).data.toString() }),
    );
    await expect(RaftStorage.open(folder, addon)).rejects.toThrow(/begins after entry 90.*snapshot is of 10/);
  });

  it.each([
    ['of a later format', '{"format":2}', /format 2.*format 1/],
    ['that is no JSON', '{"for', /not JSON/],
    ['without a part', '{"format":1,"meta":{"index":1}}', /a part is missing/],
  ])('with a snapshot %s', async (_name, content, message) => {
    await (await prepare('nowhere')).close();
    writeFileSync(join(folder, 'snapshot'), content);
    await expect(RaftStorage.open(folder, addon)).rejects.toThrow(message);
  });
});
