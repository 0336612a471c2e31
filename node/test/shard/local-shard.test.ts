import { describe, expect, it } from 'vitest';

import { engineErrorCode } from '../../src/engine/engine-error.js';
import { encodeIdsBlock } from '../../src/payload/point-id.js';
import {
  addon,
  allRecords,
  deleteOf,
  everyPayload,
  everyVector,
  idsOperation,
  noVectors,
  openShard,
  recordsOf,
  upsertOf,
  whereInteger,
  withFolder,
} from './shard-fixture.js';

function point(id: number, value = id): { id: number; vector: number[]; payload: Record<string, unknown> } {
  return { id, vector: [id, 1, 0, -id], payload: { value } };
}

describe('a local shard', () => {
  it('writes, reads, and has it all after it was closed and opened', () =>
    withFolder(async (folder) => {
      const first = await openShard(folder);
      const written = await first.shard.write(upsertOf([point(1), point(2)]), { wait: true });
      expect(written).toEqual({ status: 'completed', sequence: 1, missing: null });
      const records = await allRecords(first.shard);
      expect(records.map(({ id, payload }) => [id, payload['value']])).toEqual([
        [1, 1],
        [2, 2],
      ]);
      await first.close();
      const second = await openShard(folder);
      expect(await allRecords(second.shard)).toEqual(records);
      expect(second.shard.info().checkpointSequence).toBe(1);
      expect(second.shard.status()).toEqual({ color: 'green' });
      await second.close();
    }));

  it('acknowledges before it applies, and applies in order', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, i) => shard.write(upsertOf([point(7, i)]), { wait: i === 199 })),
      );
      expect(results.slice(0, 199).every(({ status }) => status === 'acknowledged')).toBe(true);
      expect(results.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
      const [record] = await allRecords(shard);
      expect(record?.payload['value']).toBe(199);
      expect(shard.queuedOperations).toBe(0);
      await close();
    }));

  it('searches with and without a filter, by score', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      await shard.write(upsertOf(Array.from({ length: 300 }, (_, i) => point(i + 1, i % 3))), { wait: true });
      const request = {
        vector: '',
        query: Float32Array.of(1, 0, 0, 0),
        filter: null,
        limit: 3,
        offset: 1,
        ef: 64,
        exact: false,
        scoreThreshold: 200,
        indexedOnly: false,
        payload: everyPayload,
        vectors: noVectors,
      };
      const scored = JSON.parse(addon.codec.pointsToJson(await shard.search(request), 'scored').toString()) as unknown;
      expect(scored).toMatchObject([
        { id: 299, score: 299 },
        { id: 298, score: 298 },
        { id: 297, score: 297 },
      ]);
      const filtered = await shard.search({ ...request, filter: whereInteger('value', 0), offset: 0 });
      expect(recordsOf(filtered).map(({ id }) => id)).toEqual([298, 295, 292]);
      await expect(shard.search({ ...request, vector: 'none' })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
        message: 'Not existing vector name error: none',
      });
      await expect(shard.search({ ...request, query: new Float32Array(3) })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
        message: 'Vector dimension error: expected dim: 4, got 3',
      });
      await close();
    }));

  it('resolves a filter after everything that was written before it', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const writes = Array.from({ length: 50 }, (_, i) => shard.write(upsertOf([point(i, i % 2)]), { wait: false }));
      const deleted = shard.writeResolved(whereInteger('value', 1), (ids) => idsOperation(2, ids), { wait: true });
      const after = shard.write(upsertOf([point(1, 1)]), { wait: true });
      await Promise.all([...writes, deleted, after]);
      const records = await allRecords(shard);
      expect(records).toHaveLength(26);
      expect(records.filter(({ payload }) => payload['value'] === 1).map(({ id }) => id)).toEqual([1]);
      await close();
    }));

  it('logs nothing harmful when a conditional write decides against itself', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      await shard.write(upsertOf([point(1)]), { wait: true });
      const result = await shard.writeExclusive(
        async (reader) => {
          expect(await reader.count(null, true)).toBe(1);
          return null;
        },
        { wait: true },
      );
      expect(result).toEqual({ status: 'completed', sequence: 2, missing: null });
      await expect(
        shard.writeExclusive(() => Promise.reject(new Error('decided against')), { wait: true }),
      ).rejects.toThrow('decided against');
      await shard.write(deleteOf([1]), { wait: true });
      expect(await shard.count(null, true)).toBe(0);
      await close();
    }));

  it('reports an id that does not exist, and an operation that is none', () =>
    withFolder(async (folder) => {
      const { shard, close } = await openShard(folder);
      const result = await shard.write(idsOperation(6, encodeIdsBlock([5n])), { wait: true });
      expect(result).toMatchObject({ status: 'completed', missing: '5' });
      await expect(shard.write(Uint8Array.of(1, 77), { wait: true })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
      await shard.write(upsertOf([point(5)]), { wait: true });
      const batch = await shard.retrieve(encodeIdsBlock([9n, 5n]), everyPayload, everyVector);
      expect(recordsOf(batch)).toEqual([{ id: 5, payload: { value: 5 }, vector: [5, 1, 0, -5] }]);
      await close();
    }));

  it('checkpoints a shard that went quiet, and vacuums one with many dead slots', () =>
    withFolder(async (folder) => {
      const { shard, errors, close } = await openShard(folder, { flushIntervalMs: 50, vacuumMinSlots: 10 });
      await shard.write(upsertOf(Array.from({ length: 100 }, (_, i) => point(i))), { wait: true });
      await shard.write(deleteOf(Array.from({ length: 60 }, (_, i) => i)), { wait: true });
      await expect.poll(() => shard.info().generation, { timeout: 10_000 }).toBe(1);
      await expect.poll(() => shard.info().checkpointSequence, { timeout: 10_000 }).toBe(2);
      expect(shard.info()).toMatchObject({ slots: 40, points: 40, deletedSlots: 0 });
      expect((await allRecords(shard)).map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => i + 60));
      expect(errors).toEqual([]);
      await close();
    }));

  it('gives up nothing that was accepted when it is closed, and refuses what comes after', () =>
    withFolder(async (folder) => {
      const first = await openShard(folder);
      const writes = Array.from({ length: 30 }, (_, i) => first.shard.write(upsertOf([point(i)]), { wait: false }));
      await Promise.all(writes);
      await first.close();
      await expect(first.shard.write(upsertOf([point(1)]), { wait: true })).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(first.shard.count(null, true)).rejects.toMatchObject({ code: 'CLOSED' });
      const failure = await first.shard.checkpoint().then(() => null, engineErrorCode);
      expect(failure).toBe('CLOSED');
      const second = await openShard(folder);
      expect(await second.shard.count(null, true)).toBe(30);
      await second.close();
    }));
});
