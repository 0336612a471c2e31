/**
 * The collections of this node, and the reconciler that makes them what the metadata says: folders,
 * open shards, parameters and field indexes. Every step looks at what is there and may be repeated,
 * so a restart after a crash is the same work as a change.
 */
import { engineErrorCode } from '../engine/engine-error.js';
import type { MetadataState, CollectionState } from '../metadata/metadata-state.js';
import { Collection, type ShardResources } from './collection.js';
import type { CollectionFolders } from './collection-folders.js';

/** Shards opened at the same time at start: enough to keep the disk busy, few enough for its queue. */
const opensAtOnce = 8;

/** How soon a reconcile that failed, for want of space say, is tried again. */
const retryMs = 1_000;

/** A collection that could not be opened when the node started, and why. It waits for a restart. */
interface FailedCollection {
  readonly id: number;
  readonly reason: string;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export class LocalCollections {
  readonly #folders: CollectionFolders;
  readonly #resources: ShardResources;
  readonly #metadata: () => MetadataState;
  readonly #open = new Map<string, Collection>();
  readonly #failed = new Map<string, FailedCollection>();
  #tail: Promise<unknown> = Promise.resolve();
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(folders: CollectionFolders, resources: ShardResources, metadata: () => MetadataState) {
    this.#folders = folders;
    this.#resources = resources;
    this.#metadata = metadata;
  }

  /**
   * Clears what earlier processes left half-way, then opens everything. A collection that cannot be
   * opened ends the start, or with `tolerant` is left out and named by `failure`.
   */
  async start({ tolerant }: { readonly tolerant: boolean }): Promise<void> {
    await this.#folders.prepare();
    await this.#folders.emptyDeleted();
    const { collections } = this.#metadata();
    for (const name of await this.#folders.names()) {
      const wanted = collections.get(name);
      try {
        const identity = await this.#folders.identity(name);
        if (identity !== null && identity !== wanted?.id) await this.#folders.retire(name, identity);
      } catch (error) {
        if (wanted === undefined || !tolerant) throw error;
        this.#fail(wanted, error);
      }
    }
    if (tolerant) {
      await this.#eachAtOnce([...collections.values()], async (state) => {
        if (!this.#failed.has(state.name))
          await this.#openOne(state).catch((error: unknown) => this.#fail(state, error));
      });
    }
    await this.reconcile();
  }

  /** Why a collection that exists is not served, or null. */
  failure(name: string): string | null {
    return this.#failed.get(name)?.reason ?? null;
  }

  #fail({ id, name }: CollectionState, error: unknown): void {
    const reason = reasonOf(error);
    this.#failed.set(name, { id, reason });
    this.#resources.onBackgroundError(name, new Error(`The collection ${name} cannot be opened: ${reason}`));
  }

  get(name: string): Collection | null {
    return this.#open.get(name) ?? null;
  }

  all(): readonly Collection[] {
    return [...this.#open.values()];
  }

  /** Resolves when this node is what the metadata said when it was called, or newer. */
  reconcile(): Promise<void> {
    const done = this.#tail.then(() => this.#reconcile());
    this.#tail = done.catch(() => this.#retrySoon());
    return done;
  }

  /** What was agreed on is still to be made so, although whoever asked for it was told of the failure. */
  #retrySoon(): void {
    if (this.#closed || this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.reconcile().catch(() => undefined);
    }, retryMs);
    this.#retry.unref();
  }

  async #reconcile(): Promise<void> {
    if (this.#closed) return;
    const { collections } = this.#metadata();
    for (const [name, collection] of this.#open) {
      if (collections.get(name)?.id !== collection.id) await this.#drop(collection);
    }
    for (const [name, { id }] of this.#failed) {
      if (collections.get(name)?.id === id) continue;
      await this.#folders.retire(name, id);
      this.#failed.delete(name);
    }
    const missing = [...collections.values()].filter(({ name }) => !this.#open.has(name) && !this.#failed.has(name));
    await this.#eachAtOnce(missing, async (state) => {
      try {
        await this.#openOne(state);
      } catch (error) {
        if (engineErrorCode(error) === 'NO_SPACE') throw error;
        throw new Error(`The collection ${state.name} cannot be opened: ${reasonOf(error)}`, { cause: error });
      }
    });
    await this.#conformAll(collections);
  }

  /** One collection that cannot be changed (a full disk) does not keep the others as they were. */
  async #conformAll(collections: MetadataState['collections']): Promise<void> {
    const failures: unknown[] = [];
    for (const state of collections.values()) {
      const collection = this.#open.get(state.name);
      if (collection === undefined || collection.conformsTo(state)) continue;
      try {
        await collection.conform(state);
        await this.#folders.write(state);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #eachAtOnce(
    states: readonly CollectionState[],
    work: (state: CollectionState) => Promise<void>,
  ): Promise<void> {
    const queue = [...states];
    const workers = Array.from({ length: Math.min(opensAtOnce, queue.length) }, async () => {
      for (let state = queue.shift(); state !== undefined; state = queue.shift()) await work(state);
    });
    // All workers end before an error is passed on: nothing opens behind the back of whoever handles it.
    const results = await Promise.allSettled(workers);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #openOne(state: CollectionState): Promise<void> {
    const identity = await this.#folders.identity(state.name);
    if (identity !== null && identity !== state.id) await this.#folders.retire(state.name, identity);
    if (identity !== state.id) await this.#folders.write(state);
    const collection = await Collection.open(state, this.#folders.path(state.name), this.#resources);
    this.#open.set(state.name, collection);
    try {
      // An operation of a crashed process may be in the metadata and not in the shard.
      await collection.conform(state);
    } catch (error) {
      // What is there can be read; the rest is made when space returns.
      if (engineErrorCode(error) !== 'NO_SPACE') throw error;
      this.#resources.onBackgroundError(state.name, new Error(reasonOf(error)));
      this.#retrySoon();
    }
  }

  async #drop(collection: Collection): Promise<void> {
    this.#open.delete(collection.name);
    try {
      await collection.close();
    } catch (error) {
      // A shard that cannot save itself is dropped like any other: nothing of it is wanted any more.
      this.#resources.onBackgroundError(collection.name, error instanceof Error ? error : new Error(String(error)));
    }
    await this.#folders.retire(collection.name, collection.id);
  }

  /** Checkpoints and closes every shard; waits for a reconcile in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#tail;
    const results = await Promise.allSettled(this.all().map((collection) => collection.close()));
    this.#open.clear();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
