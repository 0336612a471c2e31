import { describe, expect, it } from 'vitest';
import { ShardFanOut } from '../../src/collection/shard-fan-out.js';
import type { ShardReplicas } from '../../src/collection/shard-replicas.js';
import { ShardRing } from '../../src/collection/shard-ring.js';
import { deletePointsOperation } from '../../src/collection/operation-encoding.js';
import { loadAddon } from '../../src/engine/addon.js';
import { ServiceError } from '../../src/errors.js';
import { HashRing } from '../../src/placement/hash-ring.js';
import { compareEncodedIds, decodeIdsBlock, encodeIdsBlock, encodePointId } from '../../src/payload/point-id.js';
import type { WriteResult } from '../../src/shard/write-result.js';

const { codec } = loadAddon();
const options = { wait: true, ordering: 'weak', timeoutMs: null } as const;
const shardIds = [0, 1, 2];
const ids = Array.from({ length: 60 }, (_, n) => BigInt(n));

interface Written {
  readonly shard: number;
  readonly bytes: Uint8Array;
}

function replicasThatAnswer(answer: (shard: number) => WriteResult | Error): {
  fanOut: ShardFanOut;
  written: Written[];
} {
  const written: Written[] = [];
  const notAsked = (): never => {
    throw new Error('nothing is read here');
  };
  const shards = shardIds.map((shard): [number, ShardReplicas] => [
    shard,
    {
      write: ({ operation }) => {
        written.push({ shard, bytes: operation });
        const result = answer(shard);
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
      },
      search: notAsked,
      retrieve: notAsked,
      scroll: notAsked,
      count: notAsked,
    },
  ]);
  return { fanOut: new ShardFanOut(codec, new ShardRing(codec, shardIds), new Map(shards)), written };
}

const completed = (sequence: number, missing: string | null = null): WriteResult => ({
  status: 'completed',
  sequence,
  missing,
});

describe('a write to several shards', () => {
  it('gives each shard the points that the ring gives it', async () => {
    const { fanOut, written } = replicasThatAnswer(() => completed(1));
    await fanOut.write(deletePointsOperation(encodeIdsBlock(ids)), options);
    const ring = new HashRing(shardIds);
    expect(written.map(({ shard }) => shard)).toEqual(shardIds);
    for (const { shard, bytes } of written) {
      const found = decodeIdsBlock(bytes.subarray(22));
      expect(found).toEqual(ids.filter((id) => ring.shardOf(id) === shard));
      expect(found.length).toBeGreaterThan(0);
    }
  });

  it('is completed when all completed it, with the highest number and what one of them missed', async () => {
    const { fanOut } = replicasThatAnswer((shard) => completed(shard * 10, shard === 1 ? '17' : null));
    const result = await fanOut.write(deletePointsOperation(encodeIdsBlock(ids)), options);
    expect(result).toEqual(completed(20, '17'));
  });

  it('is acknowledged when one only acknowledged it', async () => {
    const { fanOut } = replicasThatAnswer((shard) =>
      shard === 2 ? { status: 'acknowledged', sequence: 5 } : completed(9),
    );
    const result = await fanOut.write(deletePointsOperation(encodeIdsBlock(ids)), options);
    expect(result).toEqual({ status: 'acknowledged', sequence: 9 });
  });

  it('fails with the kind of the first failure, and says how many failed', async () => {
    const { fanOut } = replicasThatAnswer((shard) =>
      shard === 0 ? completed(1) : new ServiceError('no-space', `shard ${shard} is full`),
    );
    const failed = fanOut.write(deletePointsOperation(encodeIdsBlock(ids)), options);
    await expect(failed).rejects.toMatchObject({
      kind: 'no-space',
      message: '2 out of 3 shards failed to apply operation. First error captured: shard 1 is full',
    });
  });

  it('fails with the error itself when every shard failed', async () => {
    const error = new ServiceError('bad-input', 'not for any shard');
    const { fanOut } = replicasThatAnswer(() => error);
    await expect(fanOut.write(deletePointsOperation(encodeIdsBlock(ids)), options)).rejects.toBe(error);
  });

  it('without points goes to one shard, and with a filter to all', async () => {
    const { fanOut, written } = replicasThatAnswer(() => completed(1));
    await fanOut.write(deletePointsOperation(encodeIdsBlock([])), options);
    expect(written.map(({ shard }) => shard)).toEqual([0]);
    written.length = 0;
    const operation = deletePointsOperation(encodeIdsBlock([]));
    await fanOut.writeEverywhere({ kind: 'filtered', filter: Uint8Array.from([5]), operation }, options);
    expect(written.map(({ shard }) => shard)).toEqual(shardIds);
  });
});

describe('encoded ids', () => {
  it('are in the order of integers, then UUIDs', () => {
    const inOrder = [
      0n,
      1n,
      255n,
      256n,
      2n ** 63n,
      2n ** 64n - 1n,
      '00000000-0000-0000-0000-000000000001',
      'ffffffff-0000-0000-0000-000000000000',
    ];
    const encoded = inOrder.map(encodePointId);
    const shuffled = [5, 2, 7, 0, 6, 3, 1, 4].map((index) => encoded[index]!);
    expect(shuffled.sort(compareEncodedIds)).toEqual(encoded);
  });
});
