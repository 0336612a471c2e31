/** One collection on this node: its agreed state and the shard that holds its points. */
import { join } from 'node:path';
import type { NativeAddon, NativeStore, VectorShape } from '../engine/addon.js';
import type { CollectionConfig, FieldIndexSchema } from '../metadata/collection-config.js';
import type { CollectionState } from '../metadata/metadata-state.js';
import { LocalShard } from '../shard/local-shard.js';
import { defaultShardPolicy, type ShardPolicy } from '../shard/shard-policy.js';
import { createFieldIndexOperation, deleteFieldIndexOperation } from './operation-encoding.js';
import { shardSchema, vectorShapes } from './shard-schema.js';

/** What the shards of every collection of a node share. */
export interface ShardResources {
  readonly addon: NativeAddon;
  readonly store: NativeStore;
  readonly walSync: 'always' | 'interval';
  readonly walSyncIntervalMs: number;
  readonly onBackgroundError: (collection: string, error: Error) => void;
}

/** Collections have one shard until points can be split between several natively. */
export const onlyShard = 0;

/** A checkpoint at least every two segments, so that closed ones go soon; a log of large segments is bounded as usual. */
function checkpointLogBytes({ wal }: CollectionConfig): number {
  return Math.min(defaultShardPolicy.checkpointLogBytes, 2 * wal.walCapacityMb * 1024 * 1024);
}

const maintenanceOf = ({ optimizers }: CollectionConfig) => ({
  flushIntervalMs: Math.max(1, optimizers.flushIntervalSec) * 1000,
  deletedThreshold: optimizers.deletedThreshold,
  vacuumMinSlots: optimizers.vacuumMinVectorNumber,
});

export class Collection {
  readonly shard: LocalShard;
  #state: CollectionState;
  #conformsTo: CollectionState | null = null;
  #shapes: readonly VectorShape[];

  private constructor(state: CollectionState, shard: LocalShard) {
    this.#state = state;
    this.#shapes = vectorShapes(state.config);
    this.shard = shard;
  }

  static async open(state: CollectionState, folder: string, resources: ShardResources): Promise<Collection> {
    const policy: ShardPolicy = {
      ...defaultShardPolicy,
      ...maintenanceOf(state.config),
      checkpointLogBytes: checkpointLogBytes(state.config),
    };
    const shard = await LocalShard.open({
      addon: resources.addon,
      store: resources.store,
      directory: join(folder, String(onlyShard)),
      collection: state.id,
      shard: onlyShard,
      schema: shardSchema(state.config),
      log: {
        segmentBytes: state.config.wal.walCapacityMb * 1024 * 1024,
        sync: resources.walSync,
        syncIntervalMs: resources.walSyncIntervalMs,
      },
      policy,
      onBackgroundError: (error) => resources.onBackgroundError(state.name, error),
    });
    return new Collection(state, shard);
  }

  get id(): number {
    return this.#state.id;
  }

  get name(): string {
    return this.#state.name;
  }

  /** The state that this collection was last brought in line with. */
  get state(): CollectionState {
    return this.#state;
  }

  get config(): CollectionConfig {
    return this.#state.config;
  }

  get shapes(): readonly VectorShape[] {
    return this.#shapes;
  }

  /** Whether the shard is what `state` says, as far as this process knows. */
  conformsTo(state: CollectionState): boolean {
    return this.#conformsTo === state;
  }

  /** Makes the shard what `state` says: parameters first, then field indexes. Each step may be repeated. */
  async conform(state: CollectionState): Promise<void> {
    if (state.config !== this.#state.config) {
      await this.shard.updateSchema(shardSchema(state.config));
      this.shard.updatePolicy(maintenanceOf(state.config));
      this.#shapes = vectorShapes(state.config);
    }
    await this.#conformFieldIndexes(state.fieldIndexes);
    this.#state = state;
    this.#conformsTo = state;
  }

  async #conformFieldIndexes(wanted: readonly FieldIndexSchema[]): Promise<void> {
    const present = this.shard.info().fieldIndexes;
    for (const index of present) {
      if (wanted.some(({ path, type }) => path === index.path && type === index.type)) continue;
      await this.shard.write(deleteFieldIndexOperation(index.path), { wait: true });
    }
    for (const index of wanted) {
      if (present.some(({ path, type }) => path === index.path && type === index.type)) continue;
      await this.shard.write(createFieldIndexOperation(index), { wait: true });
    }
  }

  close(): Promise<void> {
    return this.shard.close();
  }
}
