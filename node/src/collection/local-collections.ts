/**
 * The collections as this node sees them: all that the metadata has, by name and by identity, each with
 * the shards that are here. Follows the metadata for as long as it is open.
 */
import type { Consensus } from '../consensus/consensus.js';
import { engineErrorCode } from '../engine/engine-error.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { Collection, CollectionResources } from './collection.js';
import { CollectionReconciler } from './collection-reconciler.js';
import { NewerFolderError } from './collection-folders.js';
import type { MetadataFollower } from './metadata-follower.js';
import { OpeningSlots } from './opening-slots.js';

/** What a thousand collections read and allocate all at once stays with the process. */
const collectionsOpenedAtOnce = 8;

export interface StartOptions {
  readonly tolerant: boolean;
  readonly mayLag?: boolean;
}

export class LocalCollections {
  readonly #resources: CollectionResources;
  readonly #consensus: Consensus;
  readonly #byName = new Map<string, CollectionReconciler>();
  /** Names by identity. */
  readonly #names = new Map<number, string>();
  readonly #followers: MetadataFollower[] = [];
  #seen: MetadataState['collections'] = new Map();
  #followed: MetadataState | null = null;
  #told: MetadataState | null = null;
  #unsubscribe: (() => void) | null = null;

  constructor(resources: CollectionResources, consensus: Consensus) {
    this.#resources = resources;
    this.#consensus = consensus;
  }

  /**
   * Clears what earlier processes left half-way, then opens everything. A collection that cannot be
   * opened ends the start, or with `tolerant` is left out and named by `failure`. `mayLag`: the metadata may
   * be older than what is on disk, and catches up.
   */
  async start(options: StartOptions): Promise<void> {
    const { folders } = this.#resources.shards;
    await folders.prepare();
    await folders.emptyDeleted();
    const { state } = this.#consensus;
    this.#admit(state.collections);
    await this.#retireStrangers(state, options);
    const slots = new OpeningSlots(collectionsOpenedAtOnce);
    const outcomes = await Promise.allSettled(
      Array.from(this.#byName.values(), (reconciler) => slots.run(() => this.#openAtStart(reconciler, options))),
    );
    // All have ended before an error is passed on: nothing opens behind the back of whoever handles it.
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.#unsubscribe = this.#consensus.subscribe((state) => this.#follow(state));
    this.#follow(this.#consensus.state);
  }

  /** To be called when `mayDrop` has become true. */
  conformAll(): void {
    for (const reconciler of this.#byName.values()) reconciler.openShards().catch(() => undefined);
  }

  /** Told of the metadata from now on. */
  addFollower(follower: MetadataFollower): void {
    this.#followers.push(follower);
    follower.conform(this.#consensus.state);
  }

  /** Why a collection that exists is not served, or null. */
  failure(name: string): string | null {
    return this.#byName.get(name)?.failure ?? null;
  }

  get(name: string): Collection | null {
    return this.#byName.get(name)?.collection ?? null;
  }

  byIdentity(id: number): Collection | null {
    const name = this.#names.get(id);
    const collection = name === undefined ? null : this.get(name);
    return collection?.id === id ? collection : null;
  }

  all(): readonly Collection[] {
    return [...this.#byName.values()].flatMap(({ collection }) => (collection === null ? [] : [collection]));
  }

  /** Resolves when this node is what the metadata said of the name when it was called, or newer. */
  async reconcile(name: string): Promise<void> {
    this.#follow(this.#consensus.state);
    await this.#byName.get(name)?.reconcile();
    this.#forget(name);
  }

  /** As `reconcile`, without waiting for field indexes to be built. */
  async openShards(name: string): Promise<void> {
    this.#follow(this.#consensus.state);
    await this.#openShards(name);
    this.#forget(name);
  }

  /** Checkpoints and closes every shard; waits for what is being done. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    for (const follower of this.#followers) await follower.stop();
    const results = await Promise.allSettled([...this.#byName.values()].map((reconciler) => reconciler.close()));
    this.#byName.clear();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Folders of collections that were deleted, or replaced, while this node was not running. */
  async #retireStrangers(
    { collections, appliedIndex }: MetadataState,
    { tolerant, mayLag = false }: StartOptions,
  ): Promise<void> {
    const { folders } = this.#resources.shards;
    for (const name of await folders.names()) {
      const state = collections.get(name);
      try {
        const identity = await folders.identity(name);
        if (identity === null || identity === state?.id) continue;
        if (identity <= appliedIndex) await folders.retire(name, identity);
        else if (!mayLag) throw new NewerFolderError(name, identity, appliedIndex);
      } catch (error) {
        if (state === undefined || !tolerant) throw error;
        await this.#byName.get(name)?.fail(state.id, error);
      }
    }
  }

  async #openAtStart(reconciler: CollectionReconciler, { tolerant, mayLag = false }: StartOptions): Promise<void> {
    const id = reconciler.collection?.id;
    // Left out already.
    if (id === undefined) return;
    try {
      await reconciler.reconcile();
    } catch (error) {
      // What is there can be read; the rest is made when space returns.
      if (engineErrorCode(error) === 'NO_SPACE' && reconciler.shardsOpen) return;
      // The metadata that says so is on its way.
      if (error instanceof NewerFolderError && mayLag) return;
      if (!tolerant) throw error;
      await reconciler.fail(id, error);
    }
  }

  /** Begins what a new state asks for. Failures are reported and tried again by each collection. */
  #follow(state: MetadataState): void {
    if (state === this.#followed) return;
    this.#followed = state;
    const changed = this.#admit(state.collections);
    void Promise.allSettled(changed.map((name) => this.#openShards(name))).then(() => {
      for (const name of changed) this.#forget(name);
      this.#tellFollowers();
    });
  }

  /** States that came while shards were opened are told by the last of them only. */
  #tellFollowers(): void {
    const state = this.#followed;
    if (state === null || state === this.#told) return;
    this.#told = state;
    for (const follower of this.#followers) follower.conform(state);
  }

  /** The names whose collection is another, or has changed. */
  #admit(collections: MetadataState['collections']): readonly string[] {
    const before = this.#seen;
    this.#seen = collections;
    const gone = [...before.keys()].filter((name) => !collections.has(name));
    const changed = [...collections.keys()].filter((name) => before.get(name) !== collections.get(name));
    for (const name of [...gone, ...changed]) {
      let reconciler = this.#byName.get(name);
      if (reconciler === undefined) {
        reconciler = new CollectionReconciler(name, this.#resources, this.#consensus);
        this.#byName.set(name, reconciler);
      }
      const earlier = before.get(name);
      if (earlier !== undefined) this.#names.delete(earlier.id);
      const state = collections.get(name);
      if (state !== undefined) this.#names.set(state.id, name);
      reconciler.admit(state ?? null);
    }
    return [...gone, ...changed];
  }

  async #openShards(name: string): Promise<void> {
    await this.#byName.get(name)?.openShards();
  }

  #forget(name: string): void {
    if (this.#byName.get(name)?.finished === true) this.#byName.delete(name);
  }
}
