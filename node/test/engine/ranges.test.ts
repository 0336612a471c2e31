import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import {
  loadAddon,
  type NativeLog,
  type NativeShard,
  type NativeStore,
  type ShardSchema,
} from '../../src/engine/addon.js';
import { decodeIdsBlock, decodePointId, encodePointId } from '../../src/payload/point-id.js';

const addon = loadAddon();
const base = mkdtempSync(join(tmpdir(), 'vdb-ranges-'));

const schema: ShardSchema = {
  vectors: [
    {
      kind: 'dense',
      name: '',
      dimension: 5,
      distance: 'Cosine',
      datatype: 'float16',
      m: 0,
      efConstruct: 16,
      walk: 'codes',
    },
  ],
  indexingThresholdBytes: 1 << 20,
  fullScanThresholdBytes: 1 << 20,
};

interface Opened {
  readonly shard: NativeShard;
  readonly log: NativeLog;
  readonly store: NativeStore;
}

let opened: Opened[] = [];

async function open(name: string): Promise<Opened> {
  const log = await addon.openLog(join(base, name, 'wal'), {
    segmentBytes: 1 << 20,
    sync: 'interval',
    syncIntervalMs: 200,
  });
  const store = await addon.openStore(join(base, name, 'rocksdb'), { blockCacheBytes: 1 << 20 });
  const directory = join(base, name, 'shard');
  const shard = await addon.openShard({ directory, store, log, collection: 1, shard: 0, schema });
  const result = { shard, log, store };
  opened.push(result);
  return result;
}

async function closeAll(): Promise<void> {
  for (const { shard, log, store } of opened) {
    await shard.close();
    await log.close();
    await store.close();
  }
  opened = [];
}

afterEach(closeAll);
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

async function write({ shard, log }: Opened, operation: Uint8Array): Promise<void> {
  const sequence = log.append([operation]);
  await log.durable(sequence);
  await shard.apply(sequence, operation);
}

function upsertOf(ids: readonly number[]): Buffer {
  const points = ids.map((id) => ({ id, vector: [1, id, id * id, 0.3, -id], payload: { id } }));
  return addon.codec.parseUpsert(Buffer.from(JSON.stringify({ points })), [{ name: '', kind: 'dense', dimension: 5 }])
    .operation;
}

function withClock(operation: Buffer, peer: bigint, clock: number, tick: bigint): Buffer {
  const tagged = Buffer.from(operation);
  tagged.writeBigUInt64LE(peer, 2);
  tagged.writeUInt32LE(clock, 10);
  tagged.writeBigUInt64LE(tick, 14);
  return tagged;
}

describe('ranges of a shard', () => {
  it('are copied to another shard with their bytes', async () => {
    const from = await open('from');
    const to = await open('to');
    await write(from, upsertOf([1, 2, 3, 5, 8, 13, 21]));
    let after: Buffer | null = null;
    const counts: number[] = [];
    for (;;) {
      const part = await from.shard.exportRange(after, null, 3);
      counts.push(part.count);
      await write(to, part.operation);
      after = part.last;
      if (!part.more) break;
    }
    expect(counts).toEqual([3, 3, 1]);
    const digest = await from.shard.digestRange(null, null, 100);
    expect(digest).toMatchObject({ count: 7, more: false });
    expect(digest.digest).toHaveLength(16);
    expect(await to.shard.digestRange(null, null, 100)).toEqual(digest);
    expect(await to.shard.exportRange(null, null, 100)).toEqual(await from.shard.exportRange(null, null, 100));
    await write(to, upsertOf([4]));
    expect((await to.shard.digestRange(null, null, 100)).digest).not.toEqual(digest.digest);
  });

  it('are after one id and up to another', async () => {
    const one = await open('bounds');
    await write(one, upsertOf([1, 2, 3, 5, 8]));
    const ids = await one.shard.idsInRange(encodePointId(1n), encodePointId(5n));
    expect(decodeIdsBlock(ids)).toEqual([2n, 3n, 5n]);
    const part = await one.shard.digestRange(encodePointId(1n), encodePointId(5n), 2);
    expect(part).toMatchObject({ count: 2, more: true });
    expect(part.last === null ? null : decodePointId(part.last)).toBe(3n);
    expect(await one.shard.exportRange(encodePointId(8n), null, 2)).toMatchObject({
      count: 0,
      last: null,
      more: false,
    });
    const noId: unknown = expect.objectContaining({ code: 'BAD_REQUEST' });
    expect(() => one.shard.digestRange(Buffer.from([2]), null, 2)).toThrow(noId);
    expect(() => one.shard.idsInRange(null, Buffer.concat([encodePointId(1n), Buffer.alloc(1)]))).toThrow(noId);
    expect(() => one.shard.exportRange(null, null, 0)).toThrow(TypeError);
  });
});

describe('clocks of a shard', () => {
  it('are known after the shard was opened again', async () => {
    const one = await open('clocks');
    expect(one.shard.info().clocks).toEqual([]);
    await write(one, withClock(upsertOf([1]), 9007199254740991n, 0, 4n));
    await write(one, withClock(upsertOf([1]), 5n, 1, 2n));
    await one.shard.checkpoint();
    await write(one, withClock(upsertOf([2]), 5n, 1, 3n));
    const expected = [
      { peer: 5, clock: 1, tick: 3 },
      { peer: 9007199254740991, clock: 0, tick: 4 },
    ];
    expect(one.shard.info().clocks).toEqual(expected);
    await closeAll();
    expect((await open('clocks')).shard.info().clocks).toEqual(expected);
  });
});
