/** Which shards a node opens and drops as its metadata changes, and when it dares to. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalCollections } from '../../src/collection/local-collections.js';
import { loadAddon, type NativeStore } from '../../src/engine/addon.js';
import type { MetadataState } from '../../src/metadata/metadata-state.js';
import type { PeerId } from '../../src/metadata/peer-id.js';
import { localCollections, MemoryConsensus, openStore, self, smallCollection } from './collections-fixture.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });
const other: PeerId = 2;

let folder: string;
let store: NativeStore;
let consensus: MemoryConsensus;
let collections: LocalCollections;
let mayDrop: boolean;
const background: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-shards-'));
  consensus = new MemoryConsensus();
  mayDrop = true;
  background.length = 0;
  await open();
});

afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

async function open(): Promise<void> {
  store = await openStore(addon, folder);
  collections = localCollections({
    ...{ addon, store, folder, consensus },
    mayDrop: () => mayDrop,
    onBackgroundError: (message) => background.push(message),
  });
  await collections.start({ tolerant: false, mayLag: true });
}

async function close(): Promise<void> {
  await collections.close();
  await store.close();
}

/** A collection whose shards are on these peers. */
async function create(placement: readonly (readonly PeerId[])[]): Promise<number> {
  if (!consensus.state.peers.has(other)) {
    await consensus.propose({ kind: 'add-peer', peer: other, uri: 'http://other:6335' });
  }
  const config = smallCollection(placement.length);
  const { index, rejection } = await consensus.propose({ kind: 'create-collection', name: 'a', config, placement });
  expect(rejection).toBeNull();
  await collections.reconcile('a');
  return index;
}

const openShards = () =>
  collections
    .get('a')
    ?.locals.all()
    .map(([shard]) => shard);
const shardFolders = () => readdirSync(join(folder, 'collections/a')).filter((name) => /^\d+$/.test(name));
const deleted = () => readdirSync(join(folder, '.deleted'));

function stateOf(shard: number, peer: PeerId): string | undefined {
  const found = consensus.state.collections.get('a')?.shards[shard];
  return found?.replicas.find((replica) => replica.peer === peer)?.state;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Points are counted by what the shard's own log has made of them. */
async function writeTo(shard: number): Promise<void> {
  const local = collections.get('a')?.locals.get(shard);
  const { operation } = addon.codec.parseUpsert(Buffer.from('{"points":[{"id":1,"vector":[1,2]}]}'), [
    { name: '', kind: 'dense', dimension: 2 },
  ]);
  await local?.write(operation, { wait: true });
}

const pointsOf = (shard: number) => collections.get('a')?.locals.get(shard)?.points;

describe('a node', () => {
  it('opens the shards that have a replica here, and knows of the others', async () => {
    await create([[self], [other], [self, other]]);
    expect(openShards()).toEqual([0, 2]);
    expect(shardFolders()).toEqual(['0', '2']);
    expect(collections.get('a')?.replicas(1)).not.toBeNull();
  });

  it('says that its replicas are open, and only its own', async () => {
    await create([[self, other]]);
    await until(() => stateOf(0, self) === 'Active');
    expect(stateOf(0, other)).toBe('Initializing');
  });

  it('says so later when nobody agrees at first', async () => {
    consensus.stuck = false;
    await consensus.propose({ kind: 'add-peer', peer: other, uri: 'http://other:6335' });
    const creation = {
      kind: 'create-collection',
      name: 'a',
      config: smallCollection(),
      placement: [[self, other]],
    } as const;
    consensus.agree(creation);
    consensus.stuck = true;
    await collections.reconcile('a');
    expect(stateOf(0, self)).toBe('Initializing');
    consensus.stuck = false;
    await until(() => stateOf(0, self) === 'Active');
  });

  it('opens a shard that comes, and drops one that goes with its data', async () => {
    const collection = await create([[self], [self, other]]);
    await until(() => stateOf(1, self) === 'Active');
    await consensus.propose({ kind: 'activate-replicas', collection, peer: other, shards: [1] });
    await writeTo(1);
    await consensus.propose({ kind: 'drop-replica', collection, shard: 1, peer: self });
    await collections.reconcile('a');
    expect(openShards()).toEqual([0]);
    expect(shardFolders()).toEqual(['0']);
    expect(deleted()).toEqual([]);
    const start = { kind: 'start-transfer', collection, shard: 1, from: other, to: self } as const;
    await consensus.propose({ ...start, sync: true, method: 'stream_records' });
    await collections.reconcile('a');
    expect(openShards()).toEqual([0, 1]);
    expect(pointsOf(1)).toBe(0);
  });

  it('finishes dropping a shard after a crash, before it comes back', async () => {
    const collection = await create([[self], [self]]);
    await writeTo(1);
    await close();
    renameSync(join(folder, 'collections/a/1'), join(folder, `.deleted/${collection}-1`));
    await open();
    expect(deleted()).toEqual([]);
    expect(pointsOf(1)).toBe(0);
  });

  it('tells followers of a state once the shards of it are open', async () => {
    const seen: [number, readonly number[] | undefined][] = [];
    collections.addFollower({
      conform: (state: MetadataState) => seen.push([state.collections.size, openShards()]),
      stop: () => Promise.resolve(),
    });
    await create([[self], [other]]);
    await until(() => seen.length > 1);
    expect(seen[0]).toEqual([0, undefined]);
    expect(seen.at(-1)).toEqual([1, [0]]);
  });
});

describe('a node whose metadata may be old', () => {
  it('keeps shards that the metadata does not give it, until it is known to be new', async () => {
    const collection = await create([[self], [self, other]]);
    await until(() => stateOf(1, self) === 'Active');
    await consensus.propose({ kind: 'activate-replicas', collection, peer: other, shards: [1] });
    await writeTo(1);
    await close();
    // By the time of this state the replica is gone; by what the cluster agreed on since, it is back.
    consensus.agree({ kind: 'drop-replica', collection, shard: 1, peer: self });
    mayDrop = false;
    await open();
    expect(openShards()).toEqual([0]);
    expect(shardFolders()).toEqual(['0', '1']);
    const start = { kind: 'start-transfer', collection, shard: 1, from: other, to: self } as const;
    await consensus.propose({ ...start, sync: true, method: 'stream_records' });
    await collections.reconcile('a');
    expect(pointsOf(1)).toBe(1);
    await consensus.propose({ kind: 'drop-replica', collection, shard: 1, peer: self });
    await collections.reconcile('a');
    expect(shardFolders()).toEqual(['0', '1']);
    mayDrop = true;
    collections.conformAll();
    await until(() => shardFolders().length === 1);
  });

  it('neither opens nor removes the folder of a collection that it does not know yet', async () => {
    await create([[self]]);
    const { state } = consensus;
    const collection = state.collections.get('a')?.id ?? 0;
    await consensus.propose({ kind: 'delete-collection', collection });
    await collections.reconcile('a');
    const known = consensus.state;
    await create([[self]]);
    const newer = consensus.state;
    await writeTo(0);
    await close();
    // First the name leads to an older collection, then to none, then to the one whose folder is there.
    consensus.state = state;
    await open();
    expect(openShards()).toEqual([]);
    consensus.state = known;
    await collections.reconcile('a');
    expect(existsSync(join(folder, 'collections/a'))).toBe(true);
    consensus.state = newer;
    await collections.reconcile('a');
    expect(pointsOf(0)).toBe(1);
    expect(background.join()).toContain('the metadata here ends at');
  });

  it('refuses to start on such a folder when it is alone', async () => {
    await create([[self]]);
    await close();
    consensus = new MemoryConsensus();
    store = await openStore(addon, folder);
    collections = localCollections({ addon, store, folder, consensus, onBackgroundError: () => undefined });
    await expect(collections.start({ tolerant: false })).rejects.toThrow(/was lost, or is older/);
    expect(shardFolders()).toEqual(['0']);
  });
});

describe('a field index', () => {
  it('is built in every shard that is here', async () => {
    const collection = await create([[self], [self]]);
    const index = { path: 'n', type: 'integer', params: null } as const;
    await consensus.propose({ kind: 'create-field-index', collection, index });
    await collections.reconcile('a');
    const indexes = () =>
      collections
        .get('a')
        ?.locals.all()
        .map(([, shard]) => shard.info().fieldIndexes.length);
    expect(indexes()).toEqual([1, 1]);
  });
});
