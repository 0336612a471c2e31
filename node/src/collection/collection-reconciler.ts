/**
 * Makes what this node has under one name what the metadata says of it: folders, open shards, parameters,
 * field indexes. Every step looks at what is there and may be repeated, so a restart after a crash is the
 * same work as a change.
 *
 * Three lanes, because what takes long must not hold up what is waited for: a field index may take minutes
 * to build, and an agreement with other peers may not come at all.
 */
import type { Consensus } from '../consensus/consensus.js';
import { engineErrorCode } from '../engine/engine-error.js';
import type { CollectionConfig } from '../metadata/collection-config.js';
import { replicaOn, type CollectionState } from '../metadata/metadata-state.js';
import { Collection, type CollectionResources } from './collection.js';
import { NewerFolderError } from './collection-folders.js';
import { ReconcileLane } from './reconcile-lane.js';

/** How soon what failed, for want of space or of a leader say, is tried again. */
const retryMs = 1_000;

const activationTimeoutMs = 10_000;

/** What is to go: its folder, and what is open of it. */
interface Leaving {
  readonly id: number;
  readonly collection: Collection | null;
}

/** A collection that could not be opened when the node started, and why. It waits for a restart. */
interface FailedCollection {
  readonly id: number;
  readonly reason: string;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

export class CollectionReconciler {
  readonly #name: string;
  readonly #resources: CollectionResources;
  readonly #consensus: Consensus;
  readonly #shards = new ReconcileLane(() => this.#passShards(), retryMs);
  readonly #fieldIndexes = new ReconcileLane(() => this.#passFieldIndexes(), retryMs);
  readonly #activation = new ReconcileLane(() => this.#passActivation(), retryMs);
  #collection: Collection | null = null;
  #failed: FailedCollection | null = null;
  readonly #leaving: Leaving[] = [];
  /** The configuration that is written in the folder; null until the folder was looked at. */
  #written: CollectionConfig | null = null;
  #lastFailure: string | null = null;
  #stopped = false;

  constructor(name: string, resources: CollectionResources, consensus: Consensus) {
    this.#name = name;
    this.#resources = resources;
    this.#consensus = consensus;
  }

  /** What the metadata has under this name, or null. Its shards may not be open yet. */
  get collection(): Collection | null {
    return this.#collection;
  }

  /** Why the collection that the metadata has is not served, or null. */
  get failure(): string | null {
    return this.#failed?.reason ?? null;
  }

  /** Nothing is here, and nothing is left to do. */
  get finished(): boolean {
    return this.#collection === null && this.#failed === null && this.#leaving.length === 0 && this.#shards.idle;
  }

  /** Takes over what the metadata says, at once: from here on the name leads to no other collection. */
  admit(state: CollectionState | null): void {
    if (this.#failed !== null) {
      if (state?.id === this.#failed.id) return;
      this.#leaving.push({ id: this.#failed.id, collection: null });
      this.#failed = null;
    }
    if (this.#collection !== null && state?.id === this.#collection.id) {
      this.#collection.update(state);
      return;
    }
    if (this.#collection !== null) this.#leaving.push({ id: this.#collection.id, collection: this.#collection });
    this.#collection = state === null ? null : new Collection(state, this.#resources);
    this.#written = null;
  }

  /** Leaves the collection out until a restart: it is neither served nor touched. */
  async fail(id: number, error: unknown): Promise<void> {
    this.#failed = { id, reason: reasonOf(error) };
    const opened = this.#collection;
    this.#collection = null;
    this.#report(new Error(`The collection ${this.#name} cannot be opened: ${reasonOf(error)}`));
    await opened?.close().catch((failure: unknown) => this.#report(failure));
  }

  /** Whether every shard that this node has a replica of is open. */
  get shardsOpen(): boolean {
    const collection = this.#collection;
    return collection !== null && [...collection.ownShards()].every((shard) => collection.locals.get(shard) !== null);
  }

  /** Resolves when everything is what the metadata said when it was called, or newer. */
  async reconcile(): Promise<void> {
    await this.openShards();
    await this.#noted(this.#fieldIndexes.run());
  }

  /** As `reconcile`, without waiting for field indexes. */
  openShards(): Promise<void> {
    return this.#noted(this.#shards.run());
  }

  /** Checkpoints and closes; waits for what is being done. */
  async close(): Promise<void> {
    this.#stopped = true;
    // Nobody waits for an agreement that this node no longer needs.
    void this.#activation.stop();
    await this.#shards.stop();
    const [closed] = await Promise.allSettled([
      this.#collection?.close(),
      // An index that is being built fails or ends when its shard closes.
      this.#fieldIndexes.stop(),
    ]);
    if (closed.status === 'rejected') throw closed.reason;
  }

  async #passShards(): Promise<void> {
    for (let leaving = this.#leaving[0]; leaving !== undefined; leaving = this.#leaving[0]) {
      await this.#drop(leaving);
      this.#leaving.shift();
    }
    const collection = this.#collection;
    if (collection === null) return;
    try {
      await this.#prepareFolder(collection);
      await collection.conformShards();
    } catch (error) {
      if (engineErrorCode(error) === 'NO_SPACE' || error instanceof NewerFolderError) throw error;
      throw new Error(`The collection ${this.#name} cannot be opened: ${reasonOf(error)}`, { cause: error });
    }
    if (this.#written !== collection.config) {
      const { state } = collection;
      await this.#resources.shards.folders.write(state);
      this.#written = state.config;
    }
    this.#noted(this.#activation.run()).catch(() => undefined);
    this.#noted(this.#fieldIndexes.run()).catch(() => undefined);
  }

  /** A folder that another collection left under this name goes first. */
  async #prepareFolder(collection: Collection): Promise<void> {
    if (this.#written !== null) return;
    const { folders } = this.#resources.shards;
    const identity = await folders.identity(this.#name);
    if (identity !== null && identity !== collection.id) {
      const { appliedIndex } = this.#consensus.state;
      if (identity > appliedIndex) throw new NewerFolderError(this.#name, identity, appliedIndex);
      await folders.retire(this.#name, identity);
    }
    const { state } = collection;
    if (identity !== collection.id) await folders.write(state);
    this.#written = state.config;
  }

  async #drop({ id, collection }: Leaving): Promise<void> {
    // A shard that cannot save itself is dropped like any other: nothing of it is wanted any more.
    await collection?.close().catch((error: unknown) => this.#report(error));
    const { folders } = this.#resources.shards;
    // A folder whose identity cannot be read is that of the collection that failed for this reason.
    const identity = await folders.identity(this.#name).catch(() => id);
    if (identity === id) await folders.retire(this.#name, id);
  }

  async #passFieldIndexes(): Promise<void> {
    await this.#collection?.conformFieldIndexes();
  }

  /** Replicas of this node that are open and were waited for: from then on they count. */
  async #passActivation(): Promise<void> {
    const collection = this.#collection;
    if (collection === null) return;
    const { self } = this.#consensus;
    const shards = collection.state.shards
      .filter(({ id }) => collection.locals.get(id) !== null)
      .filter((shard) => replicaOn(shard, self)?.state === 'Initializing')
      .map(({ id }) => id);
    if (shards.length === 0) return;
    const operation = { kind: 'activate-replicas', collection: collection.id, peer: self, shards } as const;
    await this.#consensus.propose(operation, { timeoutMs: activationTimeoutMs });
  }

  /** The same failure again and again is reported once. */
  async #noted(pass: Promise<void>): Promise<void> {
    try {
      await pass;
      this.#lastFailure = null;
    } catch (error) {
      if (!this.#stopped && this.#lastFailure !== reasonOf(error)) this.#report(error);
      this.#lastFailure = reasonOf(error);
      throw error;
    }
  }

  #report(error: unknown): void {
    this.#resources.shards.onBackgroundError(this.#name, asError(error));
  }
}
