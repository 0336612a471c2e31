/** What `/telemetry` shows of this node: nothing of it is ever sent anywhere. */
import { createHash, randomUUID } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import type { Collection } from '../collection/collection.js';
import type { LocalCollections } from '../collection/local-collections.js';
import type { NativeAddon } from '../engine/addon.js';
import { apiVersion, nodeVersion } from '../version.js';

/** Level from which every collection is listed with its configuration. */
const collectionsLevel = 1;
/** Level from which every shard is listed too. */
const shardsLevel = 3;

export class NodeTelemetry {
  readonly #id = randomUUID();
  readonly #startedAt = new Date().toISOString();
  readonly #collections: LocalCollections;
  readonly #addon: NativeAddon;

  constructor(collections: LocalCollections, addon: NativeAddon) {
    this.#collections = collections;
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
      cluster: { enabled: false },
      memory: { resident_bytes: process.memoryUsage.rss() },
    };
  }
}

function shownName(name: string, anonymize: boolean): string {
  return anonymize ? createHash('sha256').update(name).digest('hex').slice(0, 16) : name;
}

function collectionReport({ shard, name, config }: Collection, level: number, anonymize: boolean): object {
  const info = shard.info();
  return {
    id: shownName(name, anonymize),
    config: { shard_number: config.params.shardNumber, vectors: config.params.vectors.length },
    status: shard.status().color,
    points: info.points,
    ...(level >= shardsLevel
      ? {
          shards: [
            {
              id: 0,
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
                vectors: info.vectors.map(({ name: vector, ...rest }) => ({
                  name: shownName(vector, anonymize),
                  ...rest,
                })),
              },
            },
          ],
        }
      : {}),
  };
}
