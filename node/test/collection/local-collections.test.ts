import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalCollections } from '../../src/collection/local-collections.js';
import { setPayloadOperation } from '../../src/collection/operation-encoding.js';
import { loadAddon, type NativeStore } from '../../src/engine/addon.js';
import type { MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { encodeIdsBlock } from '../../src/payload/point-id.js';
import { localCollections, MemoryConsensus, openStore, smallCollection } from './collections-fixture.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });

const config = smallCollection();

let folder: string;
let store: NativeStore;
let consensus: MemoryConsensus;
let collections: LocalCollections;
const background: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-collections-'));
  consensus = new MemoryConsensus();
  background.length = 0;
  await open();
});

afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
  expect(background).toEqual([]);
});

async function open(): Promise<void> {
  store = await openStore(addon, folder);
  collections = openCollections((message) => background.push(message));
  await collections.start({ tolerant: false, mayLag: false });
}

function openCollections(onBackgroundError: (message: string) => void): LocalCollections {
  return localCollections({ addon, store, folder, consensus, onBackgroundError });
}

async function close(): Promise<void> {
  await collections.close();
  await store.close();
}

/** Changes the metadata as a crash right after it would leave it: without a reconcile. */
function agree(...operations: readonly MetadataOperation[]): void {
  for (const operation of operations) {
    expect(consensus.agree(operation).rejection).toBeNull();
  }
}

function identityOf(name: string): number {
  const collection = consensus.state.collections.get(name);
  if (collection === undefined) throw new Error(`${name} is in no metadata`);
  return collection.id;
}

const create = (name: string): MetadataOperation => ({ kind: 'create-collection', name, config, placement: [[1]] });
const drop = (name: string): MetadataOperation => ({ kind: 'delete-collection', collection: identityOf(name) });

const folders = () => readdirSync(join(folder, 'collections')).sort();
const deleted = () => readdirSync(join(folder, '.deleted'));

function identity(name: string): unknown {
  const content: unknown = JSON.parse(readFileSync(join(folder, 'collections', name, 'config.json'), 'utf8'));
  return typeof content === 'object' && content !== null && 'collection' in content ? content.collection : null;
}

async function write(name: string, id: bigint): Promise<void> {
  const collection = collections.get(name);
  if (collection === null) throw new Error(`${name} is not open`);
  const { operation } = addon.codec.parseUpsert(
    Buffer.from(`{"points":[{"id":${id},"vector":[1,2],"payload":{"a":1}}]}`),
    collection.shapes,
  );
  const options = { wait: true, ordering: 'weak', timeoutMs: null } as const;
  await collection.write(operation, options);
  await collection.write(setPayloadOperation(encodeIdsBlock([id]), '', Buffer.from('{"b":2}')), options);
}

const points = (name: string) => collections.get(name)?.locals.get(0)?.info().points;

describe('a reconcile', () => {
  it('opens what was created and drops what was deleted', async () => {
    agree(create('a'), create('b'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(folders()).toEqual(['a', 'b']);
    await write('a', 1n);
    agree(drop('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(folders()).toEqual(['b']);
    expect(deleted()).toEqual([]);
    expect(collections.get('a')).toBeNull();
  });

  it('does nothing the second time', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    const first = collections.get('a');
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(collections.get('a')).toBe(first);
  });

  it('takes a name that came back for another collection', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    agree(drop('a'), create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(identity('a')).toBe(3);
    expect(points('a')).toBe(0);
  });

  it('makes and removes field indexes', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    agree({
      kind: 'create-field-index',
      collection: identityOf('a'),
      index: { path: 'b', type: 'integer', params: null },
    });
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    const indexes = () =>
      collections
        .get('a')
        ?.locals.get(0)
        ?.info()
        .fieldIndexes.map(({ path, type }) => [path, type]);
    expect(indexes()).toEqual([['b', 'integer']]);
    agree({
      kind: 'create-field-index',
      collection: identityOf('a'),
      index: { path: 'b', type: 'keyword', params: null },
    });
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(indexes()).toEqual([['b', 'keyword']]);
    agree({ kind: 'delete-field-index', collection: identityOf('a'), path: 'b' });
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(indexes()).toEqual([]);
  });

  it('writes a changed configuration where people look for it', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    agree({ kind: 'update-collection', collection: identityOf('a'), change: { hnsw: { m: 5 } } });
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    expect(readFileSync(join(folder, 'collections/a/config.json'), 'utf8')).toContain('"m": 5');
    expect(collections.get('a')?.config.hnsw.m).toBe(5);
  });
});

describe('a start', () => {
  const restart = async () => {
    await close();
    await open();
  };

  it('finds everything again', async () => {
    agree(create('a'), create('b'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    await write('a', 2n);
    await restart();
    expect([points('a'), points('b')]).toEqual([2, 0]);
  });

  it('finishes a creation that a crash cut short', async () => {
    await close();
    agree(create('a'), create('b'));
    // One was agreed on only; of the other the folder was made, too.
    mkdirSync(join(folder, 'collections/b'));
    await open();
    expect([identity('a'), identity('b')]).toEqual([1, 2]);
  });

  it('finishes a deletion that a crash cut short before it began', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    agree(drop('a'));
    await restart();
    expect(folders()).toEqual([]);
    expect(deleted()).toEqual([]);
  });

  it('finishes a deletion that a crash cut short in the middle', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    agree(drop('a'));
    await close();
    renameSync(join(folder, 'collections/a'), join(folder, '.deleted/1'));
    agree(create('a'));
    await open();
    expect(deleted()).toEqual([]);
    expect([identity('a'), points('a')]).toEqual([3, 0]);
  });

  it('never takes a folder of another identity for its own', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    agree(drop('a'), create('a'));
    await restart();
    expect([identity('a'), points('a')]).toEqual([3, 0]);
  });

  it('makes a field index that was agreed on and not built', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await write('a', 1n);
    agree({
      kind: 'create-field-index',
      collection: identityOf('a'),
      index: { path: 'b', type: 'integer', params: null },
    });
    await restart();
    expect(collections.get('a')?.locals.get(0)?.info().fieldIndexes).toMatchObject([
      { path: 'b', type: 'integer', points: 1 },
    ]);
  });

  it('leaves folders alone that were never its own', async () => {
    mkdirSync(join(folder, 'collections/notes'));
    writeFileSync(join(folder, 'collections/notes/readme.txt'), 'mine');
    await restart();
    expect(existsSync(join(folder, 'collections/notes/readme.txt'))).toBe(true);
  });

  it('refuses a damaged identity by name rather than delete or guess', async () => {
    agree(create('a'));
    await Promise.all(['a', 'b'].map((name) => collections.reconcile(name)));
    await close();
    const path = join(folder, 'collections/a/config.json');
    const whole = readFileSync(path);
    for (const content of ['{', '{"format":9,"collection":1}', '{"format":1}']) {
      writeFileSync(path, content);
      store = await openStore(addon, folder);
      const damaged = openCollections(() => undefined);
      await expect(damaged.start({ tolerant: false, mayLag: false })).rejects.toThrow(/collections\/a\/config\.json/);
      await damaged.close();
      await store.close();
    }
    writeFileSync(path, whole);
    await open();
  });
});
