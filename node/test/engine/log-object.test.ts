import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon, type LogOptions, type NativeLog } from '../../src/engine/addon.js';

const addon = loadAddon();
const base = mkdtempSync(join(tmpdir(), 'vdb-log-'));
const options: LogOptions = { segmentBytes: 10_000, sync: 'always', syncIntervalMs: 200 };

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

function body(size: number): Uint8Array {
  return new Uint8Array(size).fill(7);
}

describe('the log in JavaScript', () => {
  it('numbers records from 1 and keeps them', async () => {
    const folder = join(base, 'kept');
    const log = await addon.openLog(folder, options);
    expect([log.lastSequence, log.firstSequence, log.sizeBytes]).toEqual([0, 1, 0]);
    expect(readdirSync(folder)).toEqual([]);
    expect(log.append([body(10), Buffer.from('second')])).toBe(1);
    expect(log.append([body(10)])).toBe(3);
    await log.durable(3);
    expect(log.sizeBytes).toBe(20 + 3 * 24 + 10 + 6 + 10);
    await log.close();
    const again = await addon.openLog(folder, options);
    expect(again.lastSequence).toBe(3);
    await again.close();
  });

  it('drops closed segments but for those to retain', async () => {
    const log = await addon.openLog(join(base, 'dropped'), { ...options, retainClosedSegments: 1 });
    for (let i = 0; i < 10; i++) log.append([body(10_000)]);
    await log.durable(10);
    await log.truncateBefore(4);
    expect(log.firstSequence).toBe(4);
    await log.truncateBefore(11);
    expect(log.firstSequence).toBe(9);
    await log.close();
  });

  it('gives records back in bounded pieces', async () => {
    const log = await addon.openLog(join(base, 'read'), options);
    log.append(['one', 'two', 'three', 'four'].map((text) => Buffer.from(text)));
    await log.durable(4);
    const read = async (from: number, maxBytes: number): Promise<readonly (readonly [number, string])[]> =>
      (await log.read(from, maxBytes)).map(({ sequence, body: bytes }) => [sequence, bytes.toString()]);
    expect(await read(1, 6)).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    expect(await read(3, 0)).toEqual([[3, 'three']]);
    expect(await read(5, 100)).toEqual([]);
    for (let i = 0; i < 3; i++) log.append([body(10_000)]);
    await log.durable(7);
    await log.truncateBefore(7);
    expect(log.firstSequence).toBeGreaterThan(4);
    await expect(log.read(4, 100)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining(`the oldest that is kept is ${log.firstSequence}`) as string,
    });
    await log.close();
    await expect(log.read(7, 100)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('takes the bytes at the call, so that the buffer may be used again', async () => {
    const log = await addon.openLog(join(base, 'copied'), options);
    const buffer = Buffer.from('before');
    const sequence = log.append([buffer]);
    buffer.fill(0);
    await log.durable(sequence);
    await log.close();
    const again = await addon.openLog(join(base, 'copied'), options);
    expect(again.lastSequence).toBe(1);
    await again.close();
  });

  it('refuses wrong arguments without harm', async () => {
    const log = await addon.openLog(join(base, 'refused'), options);
    const wrong = log as unknown as { append(bodies: unknown): number; durable(sequence: unknown): Promise<void> };
    for (const bodies of [undefined, 'text', [], ['text'], [new Uint8Array(0)], [new Float32Array(4)], [null]]) {
      expect(() => wrong.append(bodies)).toThrow();
    }
    for (const sequence of [-1, 1.5, Number.NaN, '1', undefined]) {
      expect(() => wrong.durable(sequence)).toThrow(TypeError);
    }
    await expect(log.durable(1)).rejects.toThrow('has no record 1');
    await expect(log.durable(0)).resolves.toBeUndefined();
    expect(() => addon.openLog('', { ...options, sync: 'never' as 'always' })).toThrow(TypeError);
    await log.close();
  });

  it('says what went wrong by code', async () => {
    const log = await addon.openLog(join(base, 'codes'), options);
    await log.close();
    await log.close();
    expect(() => log.append([body(1)])).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expect(addon.openLog('/dev/null/log', options)).rejects.toMatchObject({ code: 'IO' });
    await expect(addon.openStore('/dev/null/store', { blockCacheBytes: 1 << 20 })).rejects.toMatchObject({
      code: 'IO',
    });
  });

  it('is told apart from other objects', async () => {
    const log = await addon.openLog(join(base, 'kind'), options);
    const store = await addon.openStore(join(base, 'store'), { blockCacheBytes: 1 << 20 });
    const schema = { vectors: [], indexingThresholdBytes: 0, fullScanThresholdBytes: 0 };
    const rest = { directory: join(base, 'shard'), collection: 1, shard: 0, schema };
    expect(() => addon.openShard({ ...rest, store, log: store as unknown as NativeLog })).toThrow(TypeError);
    expect(() => addon.openShard({ ...rest, store, log: {} as NativeLog })).toThrow(TypeError);
    await log.close();
    await store.dropShard(1, 0);
    await store.close();
    await expect(store.dropShard(1, 0)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('settles many promises in the order of their sequences', async () => {
    const log = await addon.openLog(join(base, 'many'), options);
    const order: number[] = [];
    const all = Array.from({ length: 2000 }, () => {
      const sequence = log.append([body(20)]);
      return log.durable(sequence).then(() => order.push(sequence));
    });
    await Promise.all(all);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).toHaveLength(2000);
    await log.close();
  });
});
