/** The collections of one node on a real engine, with a metadata state that the test sets. */
import { join } from 'node:path';
import { CollectionFolders } from '../../src/collection/collection-folders.js';
import { LocalCollections } from '../../src/collection/local-collections.js';
import { noRemoteReplicas } from '../../src/collection/no-remote-replicas.js';
import { OpeningSlots } from '../../src/collection/opening-slots.js';
import type { Consensus } from '../../src/consensus/consensus.js';
import { StateListeners } from '../../src/consensus/state-listeners.js';
import type { NativeAddon, NativeStore } from '../../src/engine/addon.js';
import { apply } from '../../src/metadata/apply.js';
import type { Applied, MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { firstPeerMetadata, type MetadataState } from '../../src/metadata/metadata-state.js';
import type { RemoteReplicas } from '../../src/replica/remote-replicas.js';
import { processClock } from '../../src/replica/replica-clock.js';
import { defaultReplicaSetLimits, ReplicaSet } from '../../src/replica/replica-set.js';
import { newCollectionConfig } from '../../src/service/new-collection-config.js';
import { settingsSchema } from '../../src/settings/settings.js';

export const self = 1;

/** Applies what it is given at once, in memory. */
export class MemoryConsensus implements Consensus {
  readonly self = self;
  readonly #listeners = new StateListeners();
  state: MetadataState = firstPeerMetadata(self);
  /** While true, proposals are left without an answer. */
  stuck = false;

  propose(operation: MetadataOperation): Promise<Applied> {
    if (this.stuck) return Promise.reject(new Error('there is no leader'));
    const { state, applied } = apply(this.state, operation);
    this.state = state;
    this.#listeners.tell(state);
    return Promise.resolve(applied);
  }

  /** Changes the state without telling anybody, as a crash right after an agreement would leave it. */
  agree(operation: MetadataOperation): Applied {
    const { state, applied } = apply(this.state, operation);
    this.state = state;
    return applied;
  }

  subscribe(listener: (state: MetadataState) => void): () => void {
    return this.#listeners.subscribe(listener);
  }

  reached(index: number, timeoutMs: number): Promise<void> {
    return this.#listeners.reached(this.state.appliedIndex, index, timeoutMs);
  }
}

export interface CollectionsFixture {
  readonly addon: NativeAddon;
  readonly store: NativeStore;
  readonly folder: string;
  readonly consensus: Consensus;
  readonly remote?: RemoteReplicas;
  readonly mayDrop?: () => boolean;
  readonly onBackgroundError: (message: string) => void;
}

export function openStore(addon: NativeAddon, folder: string): Promise<NativeStore> {
  return addon.openStore(join(folder, 'rocksdb'), { blockCacheBytes: 1024 * 1024 });
}

export function localCollections(fixture: CollectionsFixture): LocalCollections {
  const { addon, store, folder, consensus, remote = noRemoteReplicas, onBackgroundError } = fixture;
  return new LocalCollections(
    {
      self: consensus.self,
      codec: addon.codec,
      shards: {
        addon,
        store,
        folders: new CollectionFolders(folder, store),
        walSync: 'always',
        walSyncIntervalMs: 200,
        opening: new OpeningSlots(2),
        mayDrop: fixture.mayDrop ?? (() => true),
        onBackgroundError: (_collection, error) => onBackgroundError(error.message),
      },
      replicasOf: ({ id, name }, shard, local, missed) =>
        new ReplicaSet({
          collection: { id, name },
          shard,
          metadata: consensus,
          remote,
          local,
          missed,
          agreed: (batches, minimum, order) => addon.codec.agreed(batches, minimum, order),
          clock: processClock,
          random: () => 0,
          limits: defaultReplicaSetLimits,
        }),
    },
    consensus,
  );
}

/** Of vectors with two numbers, compared by their dot product. */
export function smallCollection(shardNumber = 1) {
  const vectors = [
    { name: '', size: 2, distance: 'Dot', datatype: null, onDisk: null, hnsw: null, multivector: null } as const,
  ];
  return newCollectionConfig({ vectors, sparseVectors: [], shardNumber }, settingsSchema.parse({}));
}
