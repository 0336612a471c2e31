/**
 * The folders of collections below `storage/`. A dropped collection's folder is moved to `.deleted/`
 * under its identity first, so that what a crash leaves behind is never taken for a collection.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, readIfThere, replaceFile, syncFolder } from '../consensus/durable-file.js';
import type { NativeStore } from '../engine/addon.js';
import type { CollectionState } from '../metadata/metadata-state.js';

const identityFormat = 1;

async function entries(folder: string): Promise<string[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    return found.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function shardNames(names: readonly string[]): number[] {
  return names.filter((name) => /^\d{1,9}$/.test(name)).map(Number);
}

/** What a dropped shard's folder is called below `.deleted/`; a whole collection's has the identity alone. */
function retiredShard(identity: number, shard: number): string {
  return `${identity}-${shard}`;
}

/** A folder holds a collection that the metadata does not reach yet: it is neither opened nor removed. */
export class NewerFolderError extends Error {
  override readonly name = 'NewerFolderError';

  constructor(name: string, identity: number, metadataIndex: number) {
    super(
      `The folder of collection ${name} was made at metadata index ${identity}, and the metadata here ends at ` +
        `${metadataIndex}: it was lost, or is older than the collections`,
    );
  }
}

export class CollectionFolders {
  readonly #collections: string;
  readonly #deleted: string;
  readonly #store: NativeStore;

  constructor(storageFolder: string, store: NativeStore) {
    this.#collections = join(storageFolder, 'collections');
    this.#deleted = join(storageFolder, '.deleted');
    this.#store = store;
  }

  async prepare(): Promise<void> {
    await makeFolder(this.#collections);
    await makeFolder(this.#deleted);
  }

  path(name: string): string {
    return join(this.#collections, name);
  }

  /** Names of the folders that are there, whosever they are. */
  names(): Promise<string[]> {
    return entries(this.#collections);
  }

  /** The identity that a folder was made for, or null when it never got one. */
  async identity(name: string): Promise<number | null> {
    const path = join(this.path(name), 'config.json');
    const text = await readIfThere(path);
    if (text === null) return null;
    let config: unknown;
    try {
      config = JSON.parse(text);
    } catch {
      throw new Error(`${path} is damaged: it is not JSON.`);
    }
    const fields = typeof config === 'object' && config !== null ? { ...config } : {};
    if (!('format' in fields) || fields.format !== identityFormat) {
      throw new Error(`${path} has an unknown format; this version reads format ${identityFormat}.`);
    }
    if (!('collection' in fields) || typeof fields.collection !== 'number') {
      throw new Error(`${path} is damaged: it has no identity.`);
    }
    return fields.collection;
  }

  /** Makes the folder and writes what it is for, before anything else is put into it. */
  async write(state: CollectionState): Promise<void> {
    const folder = this.path(state.name);
    await makeFolder(folder);
    const content = { format: identityFormat, collection: state.id, name: state.name, config: state.config };
    await replaceFile(join(folder, 'config.json'), `${JSON.stringify(content, null, 2)}\n`);
  }

  /** The shards that a collection's folder holds something of, ascending. */
  async shards(name: string): Promise<number[]> {
    return shardNames(await entries(this.path(name))).sort((a, b) => a - b);
  }

  async retire(name: string, identity: number): Promise<void> {
    await rename(this.path(name), join(this.#deleted, String(identity)));
    await syncFolder(this.#collections);
    await syncFolder(this.#deleted);
    await this.#erase(String(identity));
  }

  /** As for a collection. A shard that has no folder here is gone already. */
  async retireShard(name: string, identity: number, shard: number): Promise<void> {
    await this.finishRetiringShard(identity, shard);
    if (!(await this.shards(name)).includes(shard)) return;
    await rename(join(this.path(name), String(shard)), join(this.#deleted, retiredShard(identity, shard)));
    await syncFolder(this.path(name));
    await syncFolder(this.#deleted);
    await this.#erase(retiredShard(identity, shard));
  }

  /** A shard that comes back must not find the keys of the one that was dropped. */
  async finishRetiringShard(identity: number, shard: number): Promise<void> {
    const retired = retiredShard(identity, shard);
    if ((await entries(this.#deleted)).includes(retired)) await this.#erase(retired);
  }

  /** Finishes the deletions that an earlier process began. */
  async emptyDeleted(): Promise<void> {
    for (const name of await entries(this.#deleted)) await this.#erase(name);
  }

  /** Keys go before the folder: the folder's name is what remembers whose keys they are. */
  async #erase(name: string): Promise<void> {
    const folder = join(this.#deleted, name);
    const [, identity, shard] = /^(\d+)(?:-(\d+))?$/.exec(name) ?? [];
    if (identity !== undefined) {
      const shards = shard === undefined ? shardNames(await entries(folder)) : [Number(shard)];
      for (const each of shards) await this.#store.dropShard(Number(identity), each);
    }
    await rm(folder, { recursive: true, force: true });
  }
}
