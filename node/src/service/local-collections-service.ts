/** The use cases on collections, on the metadata and on the shards of this node and others. */
import type { Collection } from '../collection/collection.js';
import type { LocalCollections } from '../collection/local-collections.js';
import { shardOverview } from '../collection/shard-overview.js';
import type { Consensus } from '../consensus/consensus.js';
import { ServiceError, toServiceError } from '../errors.js';
import type { NativeCodec } from '../engine/addon.js';
import type { CollectionChange } from '../metadata/collection-change.js';
import type { CollectionConfig } from '../metadata/collection-config.js';
import type { MetadataOperation } from '../metadata/metadata-operation.js';
import { collectionById, type CollectionState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import { isSourceOfTruth } from '../metadata/replica-state.js';
import { placeReplicas } from '../placement/place-replicas.js';
import type { RemoteReplicas, ReplicaInfo } from '../replica/remote-replicas.js';
import { worstStatus } from '../shard/shard-status.js';
import type { Settings } from '../settings/settings.js';
import { requireManage, type Access } from './access.js';
import type { ClusterPeers } from './cluster-peers.js';
import { checkCollectionName } from './collection-name.js';
import type { CollectionInfo, CollectionsService, CreateCollection } from './collections-service.js';
import { mergedMetadata } from './collection-metadata.js';
import { withDeadline } from './deadline.js';
import { knownToPeers } from './known-to-peers.js';
import { noSuchCollection, notServed, refuseRejected } from './metadata-answers.js';
import { metadataTimeoutMs } from './metadata-timeout.js';
import { metadataFulfils } from './metadata-wait.js';
import { checkNewCollection } from './new-collection-checks.js';
import { newCollectionConfig } from './new-collection-config.js';

/** What the use cases on collections stand on. */
export interface CollectionsServiceParts {
  readonly consensus: Consensus;
  readonly collections: LocalCollections;
  readonly remote: RemoteReplicas;
  readonly peers: ClusterPeers;
  readonly codec: NativeCodec;
  readonly settings: Settings;
  /** From 0 up to 1, for ties between peers. */
  readonly random: () => number;
}

export class LocalCollectionsService implements CollectionsService {
  readonly #parts: CollectionsServiceParts;

  constructor(parts: CollectionsServiceParts) {
    this.#parts = parts;
  }

  async create(access: Access, name: string, request: CreateCollection, timeoutMs: number | null): Promise<boolean> {
    requireManage(access);
    checkCollectionName(name);
    const { consensus, settings } = this.#parts;
    const { collections, peers } = consensus.state;
    const limit = settings.storage.max_collections;
    if (limit !== null && collections.size >= limit) {
      throw new ServiceError(
        'bad-request',
        `Can't create collection with name ${name}, the limit of ${limit} collections is reached`,
      );
    }
    const metadata = request.metadata === undefined ? {} : { metadata: this.#objectText(request.metadata) };
    const config = newCollectionConfig({ ...request, ...metadata }, settings, peers.size);
    checkNewCollection(config);
    const deadlineMs = performance.now() + metadataTimeoutMs(timeoutMs);
    const reachable = await this.#parts.peers.reachable();
    const placement = this.#placement(config, reachable);
    const operation = { kind: 'create-collection', name, config, placement } as const;
    const id = await this.#change(name, operation, timeoutMs);
    await this.#inUse(id, reachable, deadlineMs);
    return true;
  }

  /**
   * Waits until the replicas of peers that can be reached take part, and those peers know it: the next request may go
   * to any of them. Where this ends without success the collection is there all the same, and its replicas become
   * active by themselves.
   */
  async #inUse(id: number, reachable: ReadonlySet<PeerId>, deadlineMs: number): Promise<void> {
    const { consensus, peers } = this.#parts;
    const leftMs = (): number => Math.max(0, deadlineMs - performance.now());
    await metadataFulfils(consensus, (state) => allInUse(collectionById(state, id), reachable), leftMs());
    await peers.reached(reachable, consensus.state.appliedIndex, leftMs());
  }

  async update(access: Access, name: string, change: CollectionChange, timeoutMs: number | null): Promise<boolean> {
    requireManage(access);
    const state = this.#parts.consensus.state.collections.get(name);
    if (state === undefined) throw noSuchCollection(name);
    const metadata =
      change.metadata === undefined
        ? {}
        : { metadata: this.#objectText(mergedMetadata(state.config.metadata, this.#objectText(change.metadata))) };
    const operation = {
      kind: 'update-collection',
      collection: state.id,
      change: { ...change, ...metadata },
    } as const;
    const deadlineMs = performance.now() + metadataTimeoutMs(timeoutMs);
    const index = await this.#change(name, operation, timeoutMs);
    await knownToPeers(this.#parts.peers, index, deadlineMs);
    return true;
  }

  async delete(access: Access, name: string, timeoutMs: number | null): Promise<boolean> {
    requireManage(access);
    const { consensus, collections, peers } = this.#parts;
    const state = consensus.state.collections.get(name);
    if (state === undefined) return false;
    const limitMs = metadataTimeoutMs(timeoutMs);
    const deadlineMs = performance.now() + limitMs;
    const operation = { kind: 'delete-collection', collection: state.id } as const;
    const { rejection, index } = await consensus.propose(operation, { timeoutMs: limitMs });
    await withDeadline(collections.reconcile(name), limitMs, null);
    await knownToPeers(peers, index, deadlineMs);
    return rejection === null;
  }

  list(): readonly string[] {
    return [...this.#parts.consensus.state.collections.keys()].sort();
  }

  exists(_access: Access, name: string): boolean {
    return this.#parts.consensus.state.collections.has(name);
  }

  check(_access: Access, name: string): void {
    const { collections } = this.#parts;
    if (collections.get(name) === null) throw notServed(collections, name);
  }

  async info(_access: Access, name: string): Promise<CollectionInfo> {
    const { collections, consensus, remote } = this.#parts;
    const collection = collections.get(name);
    if (collection === null) throw notServed(collections, name);
    return collectionInfo(collection, await shardOverview(collection, consensus, remote));
  }

  /** Resolves to the operation's index when it is agreed on and this node is what it asks for. */
  async #change(name: string, operation: MetadataOperation, timeoutMs: number | null): Promise<number> {
    const { consensus, collections } = this.#parts;
    const limitMs = metadataTimeoutMs(timeoutMs);
    const applied = await consensus.propose(operation, { timeoutMs: limitMs });
    refuseRejected(applied, name);
    await withDeadline(collections.openShards(name), limitMs, null);
    return applied.index;
  }

  /** On peers that can be reached, unless there are too few of them: the others get their replicas when they are back. */
  #placement({ params }: CollectionConfig, reachable: ReadonlySet<PeerId>): readonly (readonly PeerId[])[] {
    const { consensus, random } = this.#parts;
    const { peers, collections } = consensus.state;
    const load = new Map<PeerId, number>();
    for (const { shards } of collections.values()) {
      for (const { replicas } of shards) {
        for (const { peer } of replicas) load.set(peer, (load.get(peer) ?? 0) + 1);
      }
    }
    const all = [...peers.keys()];
    const usable = all.filter((peer) => reachable.has(peer));
    return placeReplicas({
      peers: usable.length < Math.min(params.replicationFactor, all.length) ? all : usable,
      shardNumber: params.shardNumber,
      replicationFactor: params.replicationFactor,
      load,
      random,
    });
  }

  /** Validated and minified; throws when it is no JSON object. */
  #objectText(text: string): string {
    try {
      return this.#parts.codec.normalizePayload(Buffer.from(text, 'utf8')).toString('utf8');
    } catch (error) {
      throw toServiceError(error);
    }
  }
}

/** Every replica of these peers counts; or the collection is gone again, and nothing is left to wait for. */
function allInUse(collection: CollectionState | null, peers: ReadonlySet<PeerId>): boolean {
  const replicas = (collection?.shards ?? []).flatMap((shard) => shard.replicas);
  return replicas.every(({ peer, state }) => !peers.has(peer) || isSourceOfTruth(state));
}

function collectionInfo({ state }: Collection, shards: readonly ReplicaInfo[]): CollectionInfo {
  const sum = (value: (shard: ReplicaInfo) => number): number =>
    shards.reduce((total, shard) => total + value(shard), 0);
  const worst = worstStatus(shards.map(({ status }) => status));
  return {
    status: worst.color,
    optimizerError: worst.color === 'red' || worst.color === 'grey' ? worst.reason : null,
    pointsCount: sum(({ points }) => points),
    indexedVectorsCount: sum(({ indexedVectors }) => indexedVectors),
    segmentsCount: shards.length,
    config: state.config,
    payloadSchema: state.fieldIndexes.map((index) => ({
      ...index,
      points: sum(({ fieldIndexes }) => fieldIndexes.find(({ path }) => path === index.path)?.points ?? 0),
    })),
  };
}
