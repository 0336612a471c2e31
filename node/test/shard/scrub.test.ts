import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ShardSchema } from '../../src/engine/addon.js';
import type { ShardPolicy } from '../../src/shard/shard-policy.js';
import { addon, everyPayload, noVectors, openShard, recordsOf, withFolder } from './shard-fixture.js';

const dimension = 4096;
const blockBytes = 256 * 1024;
const pointsOfBlock = blockBytes / (dimension * 4);

const schema: ShardSchema = {
  vectors: [
    { kind: 'dense', name: '', dimension, distance: 'Dot', datatype: 'float32', m: 0, efConstruct: 32, walk: 'rows' },
  ],
  indexingThresholdBytes: 1 << 30,
  fullScanThresholdBytes: 1024,
};

function upsertOf(first: number, end: number): Buffer {
  const points = Array.from({ length: end - first }, (_, i) => ({
    id: first + i,
    vector: new Array<number>(dimension).fill(first + i),
  }));
  return addon.codec.parseUpsert(Buffer.from(JSON.stringify({ points })), [{ name: '', kind: 'dense', dimension }])
    .operation;
}

async function flipByte(folder: string, offset: number): Promise<void> {
  const file = await open(join(folder, 'shard/segments/0/rows.0.f32'), 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte.writeUInt8(byte.readUInt8() ^ 0x20);
    await file.write(byte, 0, 1, offset);
  } finally {
    await file.close();
  }
}

/** A pass every few milliseconds. */
const quick: Partial<ShardPolicy> = { scrubPassMs: 20, scrubPauseMs: 2 };
const insideBlock1 = 4096 + blockBytes + 1000;

describe('the scrub of rows', () => {
  it('turns a shard red whose disk lost a byte, and leaves its reads', async () => {
    await withFolder(async (folder) => {
      const { shard, errors, close } = await openShard(folder, quick, schema);
      await shard.write(upsertOf(0, 3 * pointsOfBlock), { wait: true });
      await shard.checkpoint();
      await shard.write(upsertOf(0, 1), { wait: true });
      expect(shard.status()).toEqual({ color: 'green' });
      await flipByte(folder, insideBlock1);
      await expect.poll(() => shard.status().color, { timeout: 20_000 }).toBe('red');
      const status = shard.status();
      expect('reason' in status ? status.reason : '').toMatch(/rows\.0\.f32 is damaged: bytes 266240 to 528383/);
      expect(shard.info().readOnly).toMatch(/is damaged/);
      await expect(shard.write(upsertOf(0, 1), { wait: false })).rejects.toMatchObject({ code: 'IO' });
      const page = await shard.scroll({
        filter: null,
        from: null,
        limit: 5,
        payload: everyPayload,
        vectors: noVectors,
      });
      expect(recordsOf(page.points)).toHaveLength(5);
      await close();
      expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('is damaged')]);
    });
  });

  it('finds what was lost while the shard was closed', async () => {
    await withFolder(async (folder) => {
      const before = await openShard(folder, {}, schema);
      await before.shard.write(upsertOf(0, 2 * pointsOfBlock), { wait: true });
      await before.close();
      await flipByte(folder, insideBlock1);
      const { shard, errors, close } = await openShard(folder, quick, schema);
      await expect.poll(() => shard.status().color, { timeout: 20_000 }).toBe('red');
      expect(errors).toHaveLength(1);
      await close();
    });
  });

  it('raises no alarm while a shard is written to and compacted', async () => {
    await withFolder(async (folder) => {
      const { shard, errors, close } = await openShard(
        folder,
        { ...quick, deletedThreshold: 0.1, vacuumMinSlots: 1 },
        schema,
      );
      await shard.write(upsertOf(0, 3 * pointsOfBlock), { wait: true });
      for (let round = 0; round < 8; round += 1) {
        const first = (round * 7) % (2 * pointsOfBlock);
        await shard.write(upsertOf(first, first + pointsOfBlock), { wait: true });
        await shard.checkpoint();
        await shard.vacuum();
      }
      expect(shard.info().generation).toBeGreaterThan(0);
      expect(shard.status()).toEqual({ color: 'green' });
      await close();
      expect(errors).toEqual([]);
    });
  });
});
