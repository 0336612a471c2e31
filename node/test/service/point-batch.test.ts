import { describe, expect, it } from 'vitest';
import { emptyScoredBatch, PointBatchError, readPointBatch, withConstantScore } from '../../src/query/point-batch.js';

/** A batch without scores: point 7 with a payload and a dense vector, and a UUID with a sparse and a multivector. */
function batch(): Buffer {
  const parts: Buffer[] = [];
  const u8 = (value: number) => parts.push(Buffer.from([value]));
  const u16 = (value: number) => parts.push(Buffer.from([value & 255, value >> 8]));
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    parts.push(bytes);
  };
  const u64 = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    parts.push(bytes);
  };
  const f32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    parts.push(bytes);
  };
  const text = (value: string) => {
    u16(Buffer.byteLength(value));
    parts.push(Buffer.from(value));
  };
  u8(1);
  u8(2 | 4);
  u16(2);
  text('');
  text('words');
  u32(2);
  u8(0);
  u64(7n);
  u64(123n);
  u32(2);
  parts.push(Buffer.from('{}'));
  u16(1);
  u16(0);
  u8(0);
  u32(3);
  [1, 2, 3].forEach(f32);
  u8(1);
  parts.push(Buffer.alloc(16, 0xab));
  u64(124n);
  u32(0);
  u16(2);
  u16(1);
  u8(1);
  u32(2);
  [5, 6].forEach(u32);
  [0.5, 0.25].forEach(f32);
  u16(0);
  u8(2);
  u32(2);
  u32(2);
  [1, 2, 3, 4].forEach(f32);
  return Buffer.concat(parts);
}

describe('point batches', () => {
  it('give the vectors of their points', () => {
    const [first, second] = readPointBatch(batch()).points;
    expect(first?.vectors.get('')).toEqual({ form: 'dense', values: Float32Array.of(1, 2, 3) });
    expect(second?.vectors.get('words')).toEqual({ form: 'sparse' });
    expect(second?.vectors.get('')).toEqual({ form: 'multi' });
  });

  it('keep everything but version and score when they get one score', () => {
    const before = batch();
    const after = withConstantScore(before, 1);
    const read = readPointBatch(after);
    expect(read.flags).toBe(1 | 2 | 4);
    const original = readPointBatch(before);
    read.points.forEach((point, index) => {
      const old = original.points[index];
      expect(old).toBeDefined();
      if (old === undefined) return;
      expect(after.subarray(...point.id)).toEqual(before.subarray(...old.id));
      expect(after.subarray(...point.content)).toEqual(before.subarray(...old.content));
      // Version and score stand between the id and the content.
      expect(after.readBigUInt64LE(point.id[1])).toBe(0n);
      expect(after.readFloatLE(point.id[1] + 8)).toBe(1);
    });
  });

  it('are refused when they are cut short, at whatever place', () => {
    const whole = batch();
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => readPointBatch(whole.subarray(0, length))).toThrow(PointBatchError);
    }
  });

  it('are refused with an unknown version', () => {
    const bytes = batch();
    bytes[0] = 2;
    expect(() => readPointBatch(bytes)).toThrow(/version 2/);
  });

  it('can be empty', () => {
    expect(readPointBatch(emptyScoredBatch()).points).toEqual([]);
  });
});
