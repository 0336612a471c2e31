import { describe, expect, it } from 'vitest';
import { idsOfBatch } from '../src/point-batch-ids.js';

function batch(ids: readonly bigint[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(1, 0);
  header.writeUInt8(1, 1);
  header.writeUInt32LE(ids.length, 4);
  const points = ids.map((id) => {
    const point = Buffer.alloc(21);
    point.writeBigUInt64LE(id, 1);
    point.writeFloatLE(0.5, 17);
    return point;
  });
  return Buffer.concat([header, ...points]);
}

describe('idsOfBatch', () => {
  it('reads the ids in order', () => {
    expect(idsOfBatch(batch([7n, 3n]))).toEqual([7, 3]);
    expect(idsOfBatch(batch([]))).toEqual([]);
  });

  it('skips a table of vector names', () => {
    const named = Buffer.concat([Buffer.of(1, 1, 1, 0, 1, 0, 0x61), batch([9n]).subarray(4)]);
    expect(idsOfBatch(named)).toEqual([9]);
  });

  it('refuses what it does not know', () => {
    const unknown = batch([1n]);
    unknown[0] = 2;
    expect(() => idsOfBatch(unknown)).toThrow('version 2');
    const withPayloads = batch([1n]);
    withPayloads[1] = 3;
    expect(() => idsOfBatch(withPayloads)).toThrow('more than scores');
  });
});
