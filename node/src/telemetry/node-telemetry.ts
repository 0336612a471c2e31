/** What `/telemetry` shows of this node: nothing of it is ever sent anywhere. */
import { createHash, randomUUID } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import type { Collection } from '../collection/collection.js';
import type { LocalCollections } from '../collection/local-collections.js';
import type { NativeAddon } from '../engine/addon.js';
import { fullAccess } from '../service/access.js';
import type { ClusterService, ClusterStatus } from '../service/cluster-service.js';
import type { LocalShard } from '../shard/local-shard.js';
import { worstStatus } from '../shard/shard-status.js';
import { apiVersion, nodeVersion } from '../version.js';

/** Level from which every collection is listed with its configuration. */
const collectionsLevel = 1;
/** Level from which every shard is listed too. */
const shardsLevel = 3;

export class NodeTelemetry {
  readonly #id = randomUUID();
  readonly #startedAt = new Date().toISOString();
  readonly #collections: LocalCollections;
  readonly #cluster: ClusterService;
  readonly #addon: NativeAddon;

  constructor(collections: LocalCollections, cluster: ClusterService, addon: NativeAddon) {
    this.#collections = collections;
    this.#cluster = cluster;
    this.#addon = addon;
  }

  report(query: URLSearchParams): object {
    const level = Number(query.get('details_level') ?? 0);
    const anonymize = query.get('anonymize') === 'true';
    const collections = this.#collections.all();
    const engine = this.#addon.info();
    return {
      id: this.#id,
      app: {
        name: 'qdrant',
        version: apiVersion,
        implementation_version: nodeVersion,
        startup: this.#startedAt,
        features: { staging: false, recovery_mode: false },
        system: {
          platform: process.platform,
          architecture: process.arch,
          cores: cpus().length,
          ram_size_kb: Math.floor(totalmem() / 1024),
          node: process.version,
          engine: {
            faiss: engine.faiss,
            rocksdb: engine.rocksdb,
            kernels: engine.kernels.active,
            threads: engine.threads,
          },
        },
      },
      collections: {
        number_of_collections: collections.length,
        ...(level >= collectionsLevel
          ? { collections: collections.map((collection) => collectionReport(collection, level, anonymize)) }
          : {}),
      },
      cluster: clusterReport(this.#cluster.status(fullAccess), level),
      ...(level >= shardsLevel ? { hardware: { collection_data: {} }, quota: {} } : {}),
      memory: { resident_bytes: process.memoryUsage.rss() },
    };
  }
}

function shownName(name: string, anonymize: boolean): string {
  return anonymize ? createHash('sha256').update(name).digest('hex').slice(0, 16) : name;
}

/** `peers` and `peer_metadata` are where tools of the original look for them. */
function clusterReport(status: ClusterStatus | null, level: number): object {
  if (status === null) return { enabled: false };
  const { self, peers, consensus } = status;
  return {
    enabled: true,
    status: {
      number_of_peers: peers.length,
      term: consensus.term,
      commit: consensus.commit,
      pending_operations: consensus.pendingOperations,
      role: consensus.role,
      is_voter: consensus.isVoter,
      peer_id: self,
      consensus_thread_status: consensus.thread.kind,
    },
    ...(level >= shardsLevel
      ? {
          peers: Object.fromEntries(peers.map(({ id, uri }) => [String(id), { uri }])),
          peer_metadata: Object.fromEntries(peers.map(({ id, version }) => [String(id), { version }])),
        }
      : {}),
  };
}

function collectionReport(collection: Collection, level: number, anonymize: boolean): object {
  const { name, config, state, locals } = collection;
  const shards = locals.all();
  return {
    id: shownName(name, anonymize),
    config: { shard_number: config.params.shardNumber, vectors: config.params.vectors.length },
    status: worstStatus(shards.map(([, shard]) => shard.status())).color,
    points: shards.reduce((sum, [, shard]) => sum + shard.points, 0),
    ...(level >= shardsLevel
      ? {
          shards: state.shards.map(({ id, replicas }) => ({
            id,
            ...localReport(locals.get(id), anonymize),
            replicas: replicas.map(({ peer, state: replicaState }) => ({ peer_id: peer, state: replicaState })),
          })),
          transfers: state.transfers.map(({ shard, from, to, sync, method }) => ({
            shard_id: shard,
            from,
            to,
            sync,
            method,
          })),
        }
      : {}),
  };
}

function localReport(shard: LocalShard | null, anonymize: boolean): object {
  if (shard === null) return {};
  const info = shard.info();
  return {
    local: {
      sequence: info.sequence,
      checkpoint_sequence: info.checkpointSequence,
      generation: info.generation,
      slots: info.slots,
      deleted_slots: info.deletedSlots,
      pending_rows: info.pendingRows,
      queued_operations: shard.queuedOperations,
      disk_bytes: info.diskBytes,
      memory_bytes: info.memoryBytes,
      vectors: info.vectors.map(({ name, ...rest }) => ({ name: shownName(name, anonymize), ...rest })),
    },
  };
}
