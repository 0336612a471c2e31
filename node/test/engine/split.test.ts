import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { loadAddon, type NativeRing } from '../../src/engine/addon.js';
import type { PointId } from '../../src/payload/filter.js';
import { decodeIdsBlock, encodeIdsBlock } from '../../src/payload/point-id.js';
import { HashRing } from '../../src/placement/hash-ring.js';

const codec = loadAddon().codec;

interface Golden {
  readonly shards: number;
  readonly points: readonly { readonly id: string; readonly shard: number }[];
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../placement/hash-ring.golden.json'), 'utf8'),
) as readonly Golden[];

function ringOf(shards: readonly number[]): NativeRing {
  const { positions, shards: owners } = new HashRing(shards).table();
  return codec.makeRing(positions, owners);
}

function upsertOf(ids: readonly number[]): Buffer {
  const points = ids.map((id) => ({ id, vector: [id, 1], payload: { id } }));
  return codec.parseUpsert(Buffer.from(JSON.stringify({ points })), [{ name: '', kind: 'dense', dimension: 2 }])
    .operation;
}

const numbers = Array.from({ length: 200 }, (_, index) => index);

describe('the ring in the engine', () => {
  it.each(golden.map((table) => [table.shards, table] as const))(
    'places points on %i shards as ours',
    (shards, table) => {
      const ring = ringOf(Array.from({ length: shards }, (_, shard) => shard));
      for (const { id, shard } of table.points) {
        const pointId: PointId = id.includes('-') ? id : BigInt(id);
        expect(codec.splitIds(encodeIdsBlock([pointId]), ring)).toEqual([{ shard, ids: encodeIdsBlock([pointId]) }]);
      }
    },
  );

  it('places many points as ours', () => {
    const shards = [4, 0, 9];
    const ours = new HashRing(shards);
    const ids = [
      ...numbers.map(BigInt),
      ...numbers.map((n) => `${n.toString(16).padStart(8, '0')}-1111-4111-8111-0123456789ab`),
    ];
    const parts = codec.splitIds(encodeIdsBlock(ids), ringOf(shards));
    expect(parts.map(({ shard }) => shard)).toEqual([0, 4, 9]);
    for (const part of parts) {
      expect(decodeIdsBlock(part.ids)).toEqual(ids.filter((id) => ours.shardOf(id) === part.shard));
    }
  });

  it('refuses what is no ring', () => {
    expect(() => codec.makeRing(new BigUint64Array(), new Uint32Array())).toThrow(RangeError);
    expect(() => codec.makeRing(BigUint64Array.of(1n, 2n), Uint32Array.of(1))).toThrow(RangeError);
    expect(() => codec.makeRing(BigUint64Array.of(2n, 1n), Uint32Array.of(1, 2))).toThrow(RangeError);
    expect(() => codec.makeRing([1n] as unknown as BigUint64Array, Uint32Array.of(1))).toThrow(TypeError);
    expect(() => codec.splitIds(encodeIdsBlock([1n]), {} as NativeRing)).toThrow(TypeError);
  });
});

describe('operations divided by the ring', () => {
  it('give each shard its points in their order', () => {
    const ours = new HashRing([0, 1, 2]);
    const parts = codec.splitOperation(upsertOf(numbers), ringOf([0, 1, 2]));
    expect(parts.map(({ shard }) => shard)).toEqual([0, 1, 2]);
    for (const { shard, operation } of parts) {
      expect(operation).toEqual(upsertOf(numbers.filter((id) => ours.shardOf(BigInt(id)) === shard)));
    }
  });

  it('are the same memory where one shard gets all', () => {
    const operation = upsertOf([1, 2, 3]);
    const [part] = codec.splitOperation(operation, ringOf([7]));
    expect(part?.shard).toBe(7);
    expect(part?.operation).toEqual(operation);
    expect(part?.operation.buffer).toBe(operation.buffer);
    expect(part?.operation.byteOffset).toBe(operation.byteOffset);
    const plain = new Uint8Array(operation);
    const [view] = codec.splitOperation(plain.subarray(0), ringOf([7]));
    expect(view?.operation).toBeInstanceOf(Buffer);
    expect(view?.operation).toEqual(operation);
  });

  it('go to every shard when they name no point', () => {
    const nothing = Buffer.concat([Buffer.from([1, 11]), Buffer.alloc(20)]);
    expect(codec.splitOperation(nothing, ringOf([2, 5]))).toEqual([
      { shard: 2, operation: nothing },
      { shard: 5, operation: nothing },
    ]);
  });

  it('are refused when they are damaged', () => {
    const ring = ringOf([0, 1]);
    const operation = upsertOf(numbers);
    for (const damaged of [
      Buffer.alloc(0),
      Buffer.from([2, 1]),
      operation.subarray(0, -1),
      Buffer.concat([operation, operation]),
    ]) {
      expect(() => codec.splitOperation(damaged, ring)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
    }
    expect(() => codec.splitIds(Buffer.from([9, 0, 0, 0]), ring)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    );
  });
});
