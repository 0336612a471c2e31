import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HashRing } from '../../src/placement/hash-ring.js';
import { xxh64 } from '../../src/placement/xxh64.js';

describe('XXH64', () => {
  // Published test values of the reference implementation, seed 0.
  it.each([
    ['', 0xef46db3751d8e999n],
    ['a', 0xd24ec4f1a98c6e5bn],
    ['abc', 0x44bc2cf5ad770999n],
    ['message digest', 0x066ed728fceeb3ben],
    ['abcdefghijklmnopqrstuvwxyz', 0xcfe1f278fa89835cn],
  ])('of %j', (text, hash) => {
    expect(xxh64(Buffer.from(text))).toBe(hash);
  });

  it('refuses keys of 32 bytes and more', () => {
    expect(() => xxh64(new Uint8Array(32))).toThrow(RangeError);
  });
});

interface Golden {
  readonly shards: number;
  readonly points: readonly { readonly id: string; readonly shard: number }[];
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, 'hash-ring.golden.json'), 'utf8'),
) as readonly Golden[];

const idOf = (text: string): bigint | string => (text.includes('-') ? text : BigInt(text));

describe('the hash ring', () => {
  it.each(golden.map((table) => [table.shards, table] as const))(
    'places points on %i shards as it always has',
    (shards, table) => {
      const ring = new HashRing(Array.from({ length: shards }, (_, shard) => shard));
      expect(table.points.map(({ id }) => ({ id, shard: ring.shardOf(idOf(id)) }))).toEqual(table.points);
    },
  );

  it('does not depend on the order of the shards', () => {
    const forward = new HashRing([0, 1, 2, 3]);
    const backward = new HashRing([3, 2, 1, 0]);
    for (let id = 0n; id < 500n; id += 1n) expect(backward.shardOf(id)).toBe(forward.shardOf(id));
  });

  it('moves points only to the shard that was added', () => {
    const before = new HashRing([0, 1, 2]);
    const after = new HashRing([0, 1, 2, 3]);
    let moved = 0;
    for (let id = 0n; id < 4000n; id += 1n) {
      const shard = after.shardOf(id);
      if (shard === before.shardOf(id)) continue;
      moved += 1;
      expect(shard).toBe(3);
    }
    expect(moved).toBeGreaterThan(600);
    expect(moved).toBeLessThan(1500);
  });
});
