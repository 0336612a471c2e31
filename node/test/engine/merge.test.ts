import { describe, expect, it } from 'vitest';

import { loadAddon, type AgreedOrder } from '../../src/engine/addon.js';
import { encodeIdsBlock } from '../../src/payload/point-id.js';

const codec = loadAddon().codec;

interface TestPoint {
  readonly id: number;
  readonly version?: number;
  readonly score?: number;
  readonly payload?: object;
}

/** Ids, scores and payloads, as docs/internals/engine.md lays them out. */
function batch(points: readonly TestPoint[], scores = false): Buffer {
  const head = Buffer.from([1, scores ? 3 : 2, 0, 0, points.length, 0, 0, 0]);
  const parts = points.map(({ id, version = 1, score = 0, payload = {} }) => {
    const fixed = Buffer.alloc(17);
    fixed.writeBigUInt64LE(BigInt(id), 1);
    fixed.writeBigUInt64LE(BigInt(version), 9);
    const scored = Buffer.alloc(scores ? 4 : 0);
    if (scores) scored.writeFloatLE(score);
    const json = Buffer.from(JSON.stringify(payload));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    return Buffer.concat([fixed, scored, length, json]);
  });
  return Buffer.concat([head, ...parts]);
}

const of = (...ids: readonly number[]): Buffer => batch(ids.map((id) => ({ id })));

function idsOf(points: Buffer): readonly number[] {
  const records = JSON.parse(codec.pointsToJson(points, 'record').toString()) as readonly { readonly id: number }[];
  return records.map(({ id }) => id);
}

describe('answers of several shards', () => {
  it('are merged by id', () => {
    expect(idsOf(codec.mergeById([of(1, 5), of(), of(2, 9)], 10))).toEqual([1, 2, 5, 9]);
    expect(idsOf(codec.mergeById([of(1, 5), of(2, 9)], 3))).toEqual([1, 2, 5]);
    expect(idsOf(codec.mergeById([], 3))).toEqual([]);
  });

  it('are put in the order that was asked for', () => {
    expect(idsOf(codec.orderByIds([of(1, 5), of(9, 2)], encodeIdsBlock([2n, 7n, 5n, 2n, 9n])))).toEqual([2, 5, 9]);
  });

  it('are refused when they are damaged', () => {
    const damaged = of(1, 2).subarray(0, -1);
    const corrupt: unknown = expect.objectContaining({ code: 'CORRUPT' });
    expect(() => codec.mergeById([damaged], 1)).toThrow(corrupt);
    expect(() => codec.orderByIds([damaged], encodeIdsBlock([1n]))).toThrow(corrupt);
    expect(() => codec.orderByIds([of(1)], Buffer.from([1]))).toThrow(corrupt);
    expect(() => codec.agreed([damaged], 1, 'id')).toThrow(corrupt);
    expect(() => codec.mergeById(of(1) as unknown as readonly Buffer[], 1)).toThrow(TypeError);
  });
});

describe('answers of several replicas', () => {
  it('agree by id and content, whatever the versions and the order of keys', () => {
    const batches = [
      batch([{ id: 2, version: 4, payload: { a: 1, b: 2 } }, { id: 1 }, { id: 3, payload: { a: 1 } }]),
      batch([
        { id: 1, version: 8 },
        { id: 2, version: 5, payload: { b: 2, a: 1 } },
        { id: 3, payload: { a: 2 } },
      ]),
      batch([{ id: 4 }]),
    ];
    expect(idsOf(codec.agreed(batches, 2, 'scored'))).toEqual([2, 1]);
    expect(idsOf(codec.agreed(batches, 2, 'id'))).toEqual([1, 2]);
    expect(idsOf(codec.agreed(batches, 1, 'id'))).toEqual([1, 2, 3, 4]);
    expect(idsOf(codec.agreed(batches, 3, 'id'))).toEqual([]);
  });

  it('agree by score too where there are scores', () => {
    const hits = (...scores: readonly (readonly [number, number])[]): Buffer =>
      batch(
        scores.map(([id, score]) => ({ id, score })),
        true,
      );
    const batches = [hits([1, 0.9], [2, 0.5], [3, 0.25]), hits([2, 0.5], [3, 0.2]), hits([1, 0.9], [3, 0.25])];
    expect(idsOf(codec.agreed(batches, 2, 'scored'))).toEqual([1, 2, 3]);
    expect(idsOf(codec.agreed(batches, 2, 'higher'))).toEqual([1, 2, 3]);
    expect(idsOf(codec.agreed(batches, 2, 'lower'))).toEqual([3, 2, 1]);
    expect(idsOf(codec.agreed(batches, 3, 'scored'))).toEqual([]);
    expect(() => codec.agreed(batches, 2, 'best' as AgreedOrder)).toThrow(TypeError);
  });
});
