/** The use cases on the cluster, on this node's view of the metadata. */
import type { LocalCollections } from '../collection/local-collections.js';
import type { Consensus } from '../consensus/consensus.js';
import { ServiceError } from '../errors.js';
import type { MetadataOperation } from '../metadata/metadata-operation.js';
import type { CollectionState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import { requireManage, type Access } from './access.js';
import type {
  ClusterChange,
  ClusterConsensus,
  ClusterService,
  ClusterStatus,
  CollectionClusterInfo,
  LocalShardInfo,
  RemoteShardInfo,
} from './cluster-service.js';
import { noSuchCollection, refuseRejected } from './metadata-answers.js';
import { metadataTimeoutMs } from './metadata-timeout.js';

/** What the use cases on the cluster stand on. */
export interface ClusterServiceParts {
  readonly consensus: Consensus;
  /** The same consensus, if it is that of a cluster; null: a single node, which has no cluster to change. */
  readonly cluster: ClusterConsensus | null;
  readonly collections: LocalCollections;
  /** Of a transfer that this node drives. */
  readonly transferProgress: (
    collection: number,
    transfer: number,
  ) => { readonly done: number; readonly total: number } | null;
}

export class LocalClusterService implements ClusterService {
  readonly #parts: ClusterServiceParts;

  constructor(parts: ClusterServiceParts) {
    this.#parts = parts;
  }

  status(): ClusterStatus | null {
    const { cluster } = this.#parts;
    if (cluster === null) return null;
    const { self, state } = cluster;
    const peers = [...state.peers.values()].sort((a, b) => a.id - b.id);
    const status = cluster.status();
    const removed = { kind: 'stopped-with-error', error: 'This peer was removed from the cluster' } as const;
    return { self, peers, consensus: cluster.removed ? { ...status, thread: removed } : status };
  }

  async recover(access: Access): Promise<void> {
    requireManage(access);
    await this.#clustered().recover();
  }

  async removePeer(
    access: Access,
    peer: PeerId,
    { force, timeoutMs }: { readonly force: boolean; readonly timeoutMs: number | null },
  ): Promise<void> {
    requireManage(access);
    const cluster = this.#clustered();
    const operation = { kind: 'remove-peer', peer, force } as const;
    const applied = await cluster.propose(operation, { timeoutMs: metadataTimeoutMs(timeoutMs) });
    if (applied.rejection?.reason === 'no-such-peer') {
      throw new ServiceError('not-found', `Peer ${peer} does not exist`);
    }
    refuseRejected(applied, '');
  }

  collectionInfo(_access: Access, name: string): CollectionClusterInfo {
    const { consensus, collections, transferProgress } = this.#parts;
    const { self, state } = consensus;
    const collection = state.collections.get(name);
    if (collection === undefined) throw noSuchCollection(name);
    const open = collections.get(name);
    const localShards: LocalShardInfo[] = [];
    const remoteShards: RemoteShardInfo[] = [];
    for (const { id: shard, replicas } of collection.shards) {
      for (const { peer, state: replicaState } of replicas) {
        if (peer !== self) remoteShards.push({ shard, peer, state: replicaState });
        else localShards.push({ shard, points: open?.locals.get(shard)?.points ?? 0, state: replicaState });
      }
    }
    const transfers = collection.transfers.map((transfer) => ({
      ...transfer,
      progress: transferProgress(collection.id, transfer.id),
    }));
    return { self, shardCount: collection.shards.length, localShards, remoteShards, transfers };
  }

  async changeCollection(
    access: Access,
    name: string,
    change: ClusterChange,
    { timeoutMs }: { readonly timeoutMs: number | null },
  ): Promise<void> {
    requireManage(access);
    const cluster = this.#clustered();
    const collection = cluster.state.collections.get(name);
    if (collection === undefined) throw noSuchCollection(name);
    const operation = this.#operation(collection, change);
    refuseRejected(await cluster.propose(operation, { timeoutMs: metadataTimeoutMs(timeoutMs) }), name);
  }

  #clustered(): ClusterConsensus {
    const { cluster } = this.#parts;
    if (cluster === null) throw new ServiceError('standalone', '');
    return cluster;
  }

  #operation(collection: CollectionState, change: ClusterChange): MetadataOperation {
    switch (change.kind) {
      case 'move-shard':
      case 'replicate-shard': {
        const { shard, from, to } = change;
        this.#checkShard(collection, shard);
        this.#checkPeer(to);
        this.#checkPeer(from);
        const sync = change.kind === 'replicate-shard';
        return { kind: 'start-transfer', collection: collection.id, shard, from, to, sync, method: 'stream_records' };
      }
      case 'abort-transfer': {
        const { shard, from, to } = change;
        const found = collection.transfers.find(
          (transfer) => transfer.shard === shard && transfer.from === from && transfer.to === to,
        );
        if (found === undefined) {
          throw new ServiceError(
            'not-found',
            `Shard transfer ${from} -> ${to} for collection ${collection.name}:${shard} does not exist`,
          );
        }
        const reason = 'it was aborted by request';
        return { kind: 'abort-transfer', collection: collection.id, transfer: found.id, reason };
      }
      case 'drop-replica': {
        const { shard, peer } = change;
        this.#checkShard(collection, shard);
        this.#checkPeer(peer);
        return { kind: 'drop-replica', collection: collection.id, shard, peer };
      }
    }
  }

  #checkShard(collection: CollectionState, shard: number): void {
    if (collection.shards.some(({ id }) => id === shard)) return;
    throw new ServiceError('bad-request', `Shard ${shard} of ${collection.name} does not exist`);
  }

  #checkPeer(peer: PeerId): void {
    if (this.#parts.consensus.state.peers.has(peer)) return;
    throw new ServiceError('bad-request', `Peer ${peer} does not exist`);
  }
}
