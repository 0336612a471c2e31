/** A replica whose disk has lost rows: found, given up, and copied anew from the others. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PeerId } from '../../src/metadata/peer-id.js';
import { newCollectionConfig } from '../../src/service/new-collection-config.js';
import { settingsSchema } from '../../src/settings/settings.js';
import { addon, TestCluster } from './cluster-fixture.js';
import { idsFrom, write } from './points.js';

const dimension = 256;
/** Rows for more than four blocks. */
const points = 1_100;

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start([1, 2, 3]);
});

afterEach(async () => {
  await cluster.stop();
});

async function createCollection(): Promise<void> {
  const form = {
    size: dimension,
    distance: 'Dot',
    datatype: null,
    onDisk: null,
    hnsw: null,
    multivector: null,
  } as const;
  const config = newCollectionConfig(
    { vectors: [{ name: '', ...form }], sparseVectors: [], shardNumber: 1, replicationFactor: 3 },
    settingsSchema.parse({}),
  );
  const creation = { kind: 'create-collection', name: 'c', config, placement: [[1, 2, 3]] } as const;
  expect(cluster.agreement.agree(creation).rejection).toBeNull();
  await cluster.untilActive('c', [1, 2, 3]);
}

function upsertOf(ids: readonly number[], revision: number): Buffer {
  const vector = (id: number) => Array.from({ length: dimension }, (_, i) => (id * 31 + i * 7 + revision) % 97);
  const body = Buffer.from(JSON.stringify({ points: ids.map((id) => ({ id, vector: vector(id) })) }));
  return addon.codec.parseUpsert(body, [{ name: '', kind: 'dense', dimension }]).operation;
}

async function writeAll(revision: number): Promise<void> {
  for (let first = 0; first < points; first += 100) {
    await write(cluster, 'c', 3, upsertOf(idsFrom(first, 100), revision));
  }
}

async function flipByte(peer: PeerId): Promise<void> {
  const path = join(cluster.node(peer).folder, 'collections/c/0/segments/0/rows.0.f32');
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 300_000);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  await file.write(byte, 0, 1, 300_000);
  await file.close();
}

describe.each([
  { role: 'leads the shard', peer: 1 },
  { role: 'follows', peer: 2 },
])('a damaged replica that $role', ({ peer }) => {
  it('is recovered from the others, and whole again', { timeout: 60_000 }, async () => {
    await createCollection();
    await writeAll(0);
    // Half of the rows are dead, so that a vacuum is due and comes upon the damage.
    await writeAll(1);
    await cluster.local('c', peer).checkpoint();
    await flipByte(peer);
    const damaged = cluster.local('c', peer);
    await expect(damaged.vacuum()).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect.poll(() => cluster.stateOf('c', peer), { timeout: 10_000, interval: 5 }).not.toBe('Active');
    await write(cluster, 'c', 3, upsertOf([5], 2));
    await cluster.untilActive('c', [1, 2, 3], 30_000);
    expect(cluster.local('c', peer)).not.toBe(damaged);
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: points });
    expect(cluster.local('c', peer).status().color).not.toBe('red');
    await cluster.local('c', peer).checkpoint();
    await write(cluster, 'c', 3, upsertOf([6], 3));
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: points });
  });
});
