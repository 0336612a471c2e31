/** What a node does with a replica whose files the disk has lost. */
import { mkdtempSync, openSync, closeSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalCollections } from '../../src/collection/local-collections.js';
import { loadAddon, type NativeStore } from '../../src/engine/addon.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import { newCollectionConfig } from '../../src/service/new-collection-config.js';
import { settingsSchema } from '../../src/settings/settings.js';
import type { LocalShard } from '../../src/shard/local-shard.js';
import { localCollections, MemoryConsensus, openStore, self } from './collections-fixture.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });
const other: PeerId = 2;
const dimension = 256;
/** Rows for four blocks. */
const points = 1024;

let folder: string;
let store: NativeStore;
let consensus: MemoryConsensus;
let collections: LocalCollections;
let mayDrop: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-damage-'));
  consensus = new MemoryConsensus();
  mayDrop = true;
  store = await openStore(addon, folder);
  collections = localCollections({
    ...{ addon, store, folder, consensus },
    mayDrop: () => mayDrop,
    onBackgroundError: () => undefined,
  });
  await collections.start({ tolerant: false, mayLag: true });
  await consensus.propose({ kind: 'add-peer', peer: other, uri: 'http://other:6335' });
});

afterEach(async () => {
  await collections.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

async function create(placement: readonly PeerId[]): Promise<number> {
  const params = {
    size: dimension,
    distance: 'Dot',
    datatype: null,
    onDisk: null,
    hnsw: null,
    multivector: null,
  } as const;
  const vectors = [{ name: '', ...params }];
  const config = newCollectionConfig({ vectors, sparseVectors: [], shardNumber: 1 }, settingsSchema.parse({}));
  const creation = { kind: 'create-collection', name: 'a', config, placement: [placement] } as const;
  const { index, rejection } = await consensus.propose(creation);
  expect(rejection).toBeNull();
  await collections.reconcile('a');
  await expect.poll(() => stateOf(self)).toBe('Active');
  return index;
}

function stateOf(peer: PeerId): string | undefined {
  return consensus.state.collections.get('a')?.shards[0]?.replicas.find((replica) => replica.peer === peer)?.state;
}

function shard(): LocalShard {
  const open = collections.get('a')?.locals.get(0) ?? null;
  if (open === null) throw new Error('the shard is not open');
  return open;
}

async function upsertAll(): Promise<void> {
  const batch = Array.from({ length: points }, (_, id) => ({ id, vector: new Array<number>(dimension).fill(id) }));
  const { operation } = addon.codec.parseUpsert(Buffer.from(JSON.stringify({ points: batch })), [
    { name: '', kind: 'dense', dimension },
  ]);
  await shard().write(operation, { wait: true });
}

/** Half of the rows are dead, so a vacuum is due, and comes upon the byte. */
async function damage(): Promise<void> {
  await upsertAll();
  await upsertAll();
  await shard().checkpoint();
  const file = openSync(join(folder, 'collections/a/0/segments/0/rows.0.f32'), 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, 300_000);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  writeSync(file, byte, 0, 1, 300_000);
  closeSync(file);
  await expect(shard().vacuum()).rejects.toMatchObject({ code: 'CORRUPT' });
  expect(shard().status().color).toBe('red');
}

const empty = (): boolean => collections.get('a')?.locals.get(0)?.points === 0;

describe('a damaged shard', () => {
  it('is given up and emptied where another replica is Active, to be recovered from there', async () => {
    const collection = await create([self, other]);
    await consensus.propose({ kind: 'activate-replicas', collection, peer: other, shards: [0] });
    await damage();
    await expect.poll(() => stateOf(self), { timeout: 10_000 }).toBe('Dead');
    await expect.poll(empty, { timeout: 10_000 }).toBe(true);
    expect(shard().status()).toEqual({ color: 'green' });
    await upsertAll();
    await shard().checkpoint();
    expect(shard().points).toBe(points);
    expect(stateOf(other)).toBe('Active');
  });

  it('is kept while it is the only copy, and given up when there is another', async () => {
    const collection = await create([self, other]);
    await damage();
    await collections.reconcile('a');
    expect(stateOf(self)).toBe('Active');
    expect(shard().points).toBe(points);
    await expect(shard().digestRange(null, null, 10)).rejects.toMatchObject({ code: 'CORRUPT' });
    await consensus.propose({ kind: 'activate-replicas', collection, peer: other, shards: [0] });
    await expect.poll(() => stateOf(self), { timeout: 10_000 }).toBe('Dead');
    await expect.poll(empty, { timeout: 10_000 }).toBe(true);
  });

  it('is not emptied by metadata that may be old', async () => {
    const collection = await create([self, other]);
    await consensus.propose({ kind: 'activate-replicas', collection, peer: other, shards: [0] });
    mayDrop = false;
    await damage();
    await expect.poll(() => stateOf(self), { timeout: 10_000 }).toBe('Dead');
    await collections.reconcile('a');
    expect(shard().points).toBe(points);
    mayDrop = true;
    collections.conformAll();
    await expect.poll(empty, { timeout: 10_000 }).toBe(true);
  });
});
