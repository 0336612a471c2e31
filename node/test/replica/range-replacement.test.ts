import { describe, expect, it } from 'vitest';
import { decodeIdsBlock, encodeIdsBlock } from '../../src/payload/point-id.js';
import { deletionOf, idsToDelete } from '../../src/replica/range-replacement.js';
import { readClockTag, withClockTag } from '../../src/shard/clock-tag.js';
import { seededRandom } from '../faults/seeded-random.js';
import { encodeOperation } from './simulation/model-operations.js';

const uuid = '00000000-0000-4000-8000-000000000001';
const upsert = encodeOperation({
  kind: 'upsert',
  points: [
    { id: 2, payload: { a: 1 } },
    { id: 9, payload: {} },
  ],
});

describe('a range replacement', () => {
  it('deletes what is there and not in the batch', () => {
    const gone = idsToDelete(encodeIdsBlock([1n, 2n, 7n, 9n, uuid]), upsert);
    expect(gone === null ? null : decodeIdsBlock(gone)).toEqual([1n, 7n, uuid]);
    expect(idsToDelete(encodeIdsBlock([2n]), upsert)).toBeNull();
    expect(idsToDelete(encodeIdsBlock([]), upsert)).toBeNull();
  });

  it('deletes under the clock tag of the batch', () => {
    const stamped = withClockTag(upsert, { peer: 5, clock: 0, tick: 77 });
    const deletion = deletionOf(encodeIdsBlock([1n]), stamped);
    expect(readClockTag(deletion)).toEqual({ peer: 5, clock: 0, tick: 77 });
    expect(deletion[1]).toBe(2);
    expect(readClockTag(upsert)).toBeNull();
  });

  it('takes no bytes that are no upsert', () => {
    const present = encodeIdsBlock([1n]);
    for (const there of [present, encodeIdsBlock([])]) {
      const deletion = encodeOperation({ kind: 'delete', ids: [1] });
      expect(() => idsToDelete(there, deletion)).toThrow('replaced by an upsert');
    }
    for (let end = 22; end < upsert.length; end += 1) {
      expect(() => idsToDelete(present, upsert.subarray(0, end))).toThrow('ends too early');
    }
    const random = seededRandom(7);
    for (let round = 0; round < 500; round += 1) {
      const bytes = Buffer.from(upsert);
      for (let at = 22; at < bytes.length; at += 1) if (random() < 0.2) bytes[at] = Math.floor(random() * 256);
      try {
        idsToDelete(present, bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'BAD_REQUEST' });
      }
    }
  });

  it('has a tag that JavaScript can count, or is refused', () => {
    expect(() => readClockTag(Buffer.alloc(21))).toThrow('ends before its clock tag');
    expect(() => readClockTag(Buffer.alloc(22, 0xff))).toThrow('larger than 2^53 - 1');
  });
});
