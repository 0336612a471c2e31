/** One collection: its agreed state, the shards of it that are here, and the way to all of them. */
import { ServiceError } from '../errors.js';
import type { NativeCodec, ScrollPage, ScrollRequest, SearchRequest, VectorShape } from '../engine/addon.js';
import type { CollectionConfig, DenseVectorParams } from '../metadata/collection-config.js';
import { replicaOn, type CollectionState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { CountRequest, RetrieveRequest, ShardWriteOptions } from '../replica/remote-replicas.js';
import type { MissedWritesLedger } from '../replica/missed-writes-ledger.js';
import type { ReadOptions } from '../replica/replica-reads.js';
import type { ReplicaSet } from '../replica/replica-set.js';
import type { LocalShard } from '../shard/local-shard.js';
import type { WriteResult } from '../shard/write-result.js';
import { LocalShards, type ShardResources } from './local-shards.js';
import { ShardFanOut } from './shard-fan-out.js';
import { ShardRing } from './shard-ring.js';
import { vectorShapes } from './shard-schema.js';

/** Makes the replica set of one shard. `local` gives the shard while it is open on this node, `missed` its notes. */
export type ReplicasOfShard = (
  collection: { readonly id: number; readonly name: string },
  shard: number,
  local: () => LocalShard | null,
  missed: MissedWritesLedger,
) => ReplicaSet;

export interface CollectionResources {
  readonly self: PeerId;
  readonly codec: NativeCodec;
  readonly shards: ShardResources;
  readonly replicasOf: ReplicasOfShard;
}

export class Collection {
  readonly id: number;
  readonly name: string;
  readonly shapes: readonly VectorShape[];
  /** The shards that are open on this node. */
  readonly locals: LocalShards;
  readonly #resources: CollectionResources;
  readonly #replicas = new Map<number, ReplicaSet>();
  #fanOut: ShardFanOut | null = null;
  #state: CollectionState;
  #shardsConformTo: CollectionState | null = null;
  #fieldIndexesConformTo: CollectionState | null = null;

  constructor(state: CollectionState, resources: CollectionResources) {
    this.id = state.id;
    this.name = state.name;
    // Names and sizes of vectors are those of the creation for as long as the collection lives.
    this.shapes = vectorShapes(state.config);
    this.locals = new LocalShards(state, resources.shards, {
      opened: (shard) => this.#replicas.get(shard)?.noteOpened(),
      failed: (shard) => this.#replicas.get(shard)?.noteMissed(),
    });
    this.#resources = resources;
    this.#state = state;
    this.#addReplicas();
  }

  /** The newest state that the metadata of this node has. */
  get state(): CollectionState {
    return this.#state;
  }

  get config(): CollectionConfig {
    return this.#state.config;
  }

  update(state: CollectionState): void {
    this.#state = state;
    this.#addReplicas();
  }

  replicas(shard: number): ReplicaSet | null {
    return this.#replicas.get(shard) ?? null;
  }

  /** The shards that have a replica on this node, open or not. */
  ownShards(): ReadonlySet<number> {
    const { self } = this.#resources;
    return new Set(this.#state.shards.filter((shard) => replicaOn(shard, self) !== null).map(({ id }) => id));
  }

  /** Opens, drops and configures shards until they are what the metadata says. May be repeated. */
  async conformShards(): Promise<void> {
    const state = this.#state;
    if (this.#shardsConformTo === state) return;
    this.#noteFailed();
    if (await this.locals.conform(state.config, this.ownShards(), this.#ownDead())) this.#shardsConformTo = state;
  }

  /** A shard that failed when it was the only copy is given up once there is another. */
  #noteFailed(): void {
    for (const [shard, local] of this.locals.all()) {
      if (local.failed) this.#replicas.get(shard)?.noteMissed();
    }
  }

  /** Dead replicas of this node that a peer has the points of. */
  #ownDead(): ReadonlySet<number> {
    const { self } = this.#resources;
    const dead = this.#state.shards.filter(
      (shard) =>
        replicaOn(shard, self)?.state === 'Dead' &&
        shard.replicas.some(({ peer, state }) => peer !== self && state === 'Active'),
    );
    return new Set(dead.map(({ id }) => id));
  }

  async conformFieldIndexes(): Promise<void> {
    const state = this.#state;
    if (this.#fieldIndexesConformTo === state) return;
    await this.locals.conformFieldIndexes(state.fieldIndexes);
    this.#fieldIndexesConformTo = state;
  }

  write(operation: Uint8Array, options: ShardWriteOptions): Promise<WriteResult> {
    return this.#shards().write(operation, options);
  }

  /** `operation` has an empty ids block, which each shard fills with what `filter` matches there. */
  writeFiltered(filter: Uint8Array, operation: Uint8Array, options: ShardWriteOptions): Promise<WriteResult> {
    return this.#shards().writeEverywhere({ kind: 'filtered', filter, operation }, options);
  }

  search(request: SearchRequest, params: DenseVectorParams, options: ReadOptions): Promise<Buffer> {
    return this.#shards().search(request, higherIsBetter(params), options);
  }

  retrieve(request: RetrieveRequest, options: ReadOptions): Promise<Buffer> {
    return this.#shards().retrieve(request, options);
  }

  scroll(request: ScrollRequest, options: ReadOptions): Promise<ScrollPage> {
    return this.#shards().scroll(request, options);
  }

  count(request: CountRequest, options: ReadOptions): Promise<number> {
    return this.#shards().count(request, options);
  }

  close(): Promise<void> {
    for (const replicas of this.#replicas.values()) replicas.close();
    return this.locals.close();
  }

  #shards(): ShardFanOut {
    if (this.#fanOut === null) {
      throw new ServiceError('internal', `Collection \`${this.name}\` has no shards`);
    }
    return this.#fanOut;
  }

  #addReplicas(): void {
    const missing = this.#state.shards.filter(({ id }) => !this.#replicas.has(id));
    if (missing.length === 0) return;
    const { codec, replicasOf } = this.#resources;
    for (const { id } of missing) {
      const local = () => this.locals.get(id);
      this.#replicas.set(id, replicasOf(this, id, local, this.locals.notes(id)));
    }
    const ring = new ShardRing(codec, [...this.#replicas.keys()]);
    this.#fanOut = new ShardFanOut(codec, ring, this.#replicas);
  }
}

function higherIsBetter({ distance }: DenseVectorParams): boolean {
  switch (distance) {
    case 'Cosine':
    case 'Dot':
      return true;
    case 'Euclid':
    case 'Manhattan':
      return false;
  }
}
