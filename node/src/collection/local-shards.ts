/** The shards of one collection that this node holds: opened, kept as the metadata says, and dropped. */
import { join } from 'node:path';
import type { NativeAddon, NativeStore } from '../engine/addon.js';
import { engineErrorCode } from '../engine/engine-error.js';
import type { CollectionConfig, FieldIndexSchema } from '../metadata/collection-config.js';
import type { CollectionState } from '../metadata/metadata-state.js';
import { LocalShard } from '../shard/local-shard.js';
import { defaultShardPolicy, type ShardPolicy } from '../shard/shard-policy.js';
import type { CollectionFolders } from './collection-folders.js';
import type { OpeningSlots } from './opening-slots.js';
import { createFieldIndexOperation, deleteFieldIndexOperation } from './operation-encoding.js';
import { ShardNotes } from './shard-notes.js';
import { shardSchema } from './shard-schema.js';

/** What the shards of every collection of a node share. */
export interface ShardResources {
  readonly addon: NativeAddon;
  readonly store: NativeStore;
  readonly folders: CollectionFolders;
  readonly walSync: 'always' | 'interval';
  readonly walSyncIntervalMs: number;
  readonly opening: OpeningSlots;
  /**
   * Whether the metadata of this node is known to be as new as it ever was here. Right after a start it may be
   * older, and a shard that it does not give this node may be the only copy by what was agreed on since.
   */
  readonly mayDrop: () => boolean;
  readonly onBackgroundError: (collection: string, error: Error) => void;
}

/** A checkpoint at least every two segments, so that closed ones go soon; a log of large segments is bounded as usual. */
function checkpointLogBytes({ wal }: CollectionConfig): number {
  return Math.min(defaultShardPolicy.checkpointLogBytes, 2 * wal.walCapacityMb * 1024 * 1024);
}

const maintenanceOf = ({ optimizers }: CollectionConfig) => ({
  flushIntervalMs: Math.max(1, optimizers.flushIntervalSec) * 1000,
  deletedThreshold: optimizers.deletedThreshold,
  vacuumMinSlots: optimizers.vacuumMinVectorNumber,
});

export interface ShardEvents {
  /** Before anybody can ask for the shard. */
  readonly opened: (shard: number) => void;
  /** It takes no more writes. */
  readonly failed: (shard: number) => void;
}

export class LocalShards {
  readonly #id: number;
  readonly #name: string;
  readonly #resources: ShardResources;
  readonly #events: ShardEvents;
  readonly #open = new Map<number, LocalShard>();
  readonly #notes = new Map<number, ShardNotes>();
  /** The configuration that each open shard has. */
  readonly #configured = new Map<number, CollectionConfig>();
  #foldersChecked = false;

  constructor({ id, name }: CollectionState, resources: ShardResources, events: ShardEvents) {
    this.#id = id;
    this.#name = name;
    this.#resources = resources;
    this.#events = events;
  }

  /** Of replicas elsewhere that missed writes which the shard here took. The same object for as long as this lives. */
  notes(shard: number): ShardNotes {
    let notes = this.#notes.get(shard);
    if (notes === undefined) {
      notes = new ShardNotes();
      this.#notes.set(shard, notes);
    }
    return notes;
  }

  get(shard: number): LocalShard | null {
    return this.#open.get(shard) ?? null;
  }

  /** By shard, ascending. */
  all(): readonly (readonly [number, LocalShard])[] {
    return [...this.#open].sort(([a], [b]) => a - b);
  }

  /**
   * Opens the shards of `wanted`, drops the others, and gives all of them the configuration. Of those in `dead`,
   * which others have and which will be copied from there, the damaged are emptied. False: there is something to
   * drop that may not be dropped yet.
   */
  async conform(
    config: CollectionConfig,
    wanted: ReadonlySet<number>,
    dead: ReadonlySet<number> = new Set(),
  ): Promise<boolean> {
    const dropped = (await this.#dropForeign(wanted)) && (await this.#dropDamaged(dead));
    await Promise.all(
      Array.from(wanted, async (shard) => {
        const open = this.#open.get(shard);
        if (open === undefined) await this.#resources.opening.run(() => this.#openOne(shard, config));
        else await this.#configure(shard, open, config);
      }),
    );
    return dropped;
  }

  /** Builds and removes field indexes. What a full disk keeps from being built is made when space returns. */
  async conformFieldIndexes(wanted: readonly FieldIndexSchema[]): Promise<void> {
    const outcomes = await Promise.allSettled(
      Array.from(this.#open.values(), (shard) => conformIndexes(shard, wanted)),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    // A shard that was closed meanwhile needs no indexes.
    if (failed !== undefined && engineErrorCode(failed.reason) !== 'CLOSED') throw failed.reason;
  }

  /** Checkpoints and closes every shard. */
  async close(): Promise<void> {
    const shards = [...this.#open.values()];
    this.#open.clear();
    const results = await Promise.allSettled(shards.map((shard) => shard.close()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #dropForeign(wanted: ReadonlySet<number>): Promise<boolean> {
    const foreign = new Set([...this.#open.keys()].filter((shard) => !wanted.has(shard)));
    if (!this.#foldersChecked) {
      // What the metadata took away while this node was not running.
      for (const shard of await this.#resources.folders.shards(this.#name)) {
        if (!wanted.has(shard)) foreign.add(shard);
      }
    }
    if (!this.#resources.mayDrop()) return foreign.size === 0;
    for (const shard of foreign) await this.#drop(shard);
    this.#foldersChecked = true;
    return true;
  }

  /** What is recovered from another replica must not be built on rows that the disk has lost. */
  async #dropDamaged(dead: ReadonlySet<number>): Promise<boolean> {
    const damaged = [...dead].filter((shard) => this.#open.get(shard)?.damaged === true);
    if (!this.#resources.mayDrop()) return damaged.length === 0;
    for (const shard of damaged) await this.#drop(shard);
    return true;
  }

  async #drop(shard: number): Promise<void> {
    const open = this.#open.get(shard);
    this.#open.delete(shard);
    this.#configured.delete(shard);
    this.notes(shard).close();
    try {
      await open?.close();
    } catch (error) {
      // A shard that cannot save itself is dropped like any other: nothing of it is wanted any more.
      this.#resources.onBackgroundError(this.#name, error instanceof Error ? error : new Error(String(error)));
    }
    await this.#resources.folders.retireShard(this.#name, this.#id, shard);
  }

  async #openOne(shard: number, config: CollectionConfig): Promise<void> {
    const { addon, store, folders, walSync, walSyncIntervalMs, onBackgroundError } = this.#resources;
    await folders.finishRetiringShard(this.#id, shard);
    const policy: ShardPolicy = {
      ...defaultShardPolicy,
      ...maintenanceOf(config),
      checkpointLogBytes: checkpointLogBytes(config),
    };
    const directory = join(folders.path(this.#name), String(shard));
    const opened = await LocalShard.open({
      addon,
      store,
      directory,
      collection: this.#id,
      shard,
      schema: shardSchema(config),
      log: { segmentBytes: config.wal.walCapacityMb * 1024 * 1024, sync: walSync, syncIntervalMs: walSyncIntervalMs },
      policy,
      onBackgroundError: (error) => onBackgroundError(this.#name, error),
      onFailed: () => this.#events.failed(shard),
    });
    try {
      await this.notes(shard).open(directory);
    } catch (error) {
      await opened.close();
      throw error;
    }
    this.#configured.set(shard, config);
    this.#open.set(shard, opened);
    this.#events.opened(shard);
  }

  async #configure(shard: number, open: LocalShard, config: CollectionConfig): Promise<void> {
    if (this.#configured.get(shard) === config) return;
    await open.updateSchema(shardSchema(config));
    open.updatePolicy(maintenanceOf(config));
    this.#configured.set(shard, config);
  }
}

async function conformIndexes(shard: LocalShard, wanted: readonly FieldIndexSchema[]): Promise<void> {
  const present = shard.info().fieldIndexes;
  for (const index of present) {
    if (wanted.some(({ path, type }) => path === index.path && type === index.type)) continue;
    await shard.write(deleteFieldIndexOperation(index.path), { wait: true });
  }
  for (const index of wanted) {
    if (present.some(({ path, type }) => path === index.path && type === index.type)) continue;
    await shard.write(createFieldIndexOperation(index), { wait: true });
  }
}
