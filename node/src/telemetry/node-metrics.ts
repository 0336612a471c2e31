/** What `/metrics` shows: the original's names where it has one, and the event loop of this process. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Registry } from 'prom-client';
import type { LocalCollections } from '../collection/local-collections.js';
import type { LocalShard } from '../shard/local-shard.js';
import type { ClusterService } from '../service/cluster-service.js';
import { apiVersion } from '../version.js';
import { addClusterMetrics } from './cluster-metrics.js';
import { RequestMetrics } from './request-metrics.js';

// The timer of the histogram never rests: at 10 ms an idle node spent 1.4 % of a core on it.
const loopResolutionMs = 40;

const quantiles = [0.5, 0.9, 0.99, 1] as const;

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export class NodeMetrics {
  readonly requests: RequestMetrics;
  readonly #registry = new Registry();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: loopResolutionMs });

  constructor(collections: LocalCollections, cluster: ClusterService, prefix: string, repairedRanges: () => number) {
    this.requests = new RequestMetrics(this.#registry, prefix);
    this.#addNode(collections, prefix);
    addClusterMetrics(this.#registry, cluster, prefix, repairedRanges);
    this.#addCollections(collections, prefix);
    this.#addProcess(prefix);
    this.#loopDelay.enable();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  stop(): void {
    this.#loopDelay.disable();
  }

  #addNode(collections: LocalCollections, prefix: string): void {
    const registers = [this.#registry];
    new Gauge({
      name: `${prefix}app_info`,
      help: 'information about the server',
      labelNames: ['name', 'version'],
      registers,
    }).set({ name: 'qdrant', version: apiVersion }, 1);
    new Gauge({
      name: `${prefix}app_status_recovery_mode`,
      help: 'is the server running in recovery mode',
      registers,
    }).set(0);
    new Gauge({
      name: `${prefix}collections_total`,
      help: 'number of collections',
      registers,
      collect() {
        this.set(collections.all().length);
      },
    });
    new Gauge({
      name: `${prefix}collections_vector_total`,
      help: 'total number of vectors in all collections',
      registers,
      collect() {
        const shards = collections.all().flatMap(({ locals }) => locals.all());
        const counts = shards.flatMap(([, shard]) => shard.info().vectors.map(({ count }) => count));
        this.set(sumOf(counts));
      },
    });
  }

  #addCollections(collections: LocalCollections, prefix: string): void {
    const perCollection = (name: string, help: string, value: (shards: readonly LocalShard[]) => number): void => {
      new Gauge({
        name: `${prefix}${name}`,
        help,
        labelNames: ['id'],
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const { name: id, locals } of collections.all())
            this.set({ id }, value(locals.all().map(([, shard]) => shard)));
        },
      });
    };
    const perShard = (name: string, help: string, value: (shard: LocalShard) => number): void =>
      perCollection(name, help, (shards) => sumOf(shards.map(value)));
    // Of the shards of this node; another node counts its own.
    perShard('collection_points', 'approximate amount of points per collection', (shard) => shard.points);
    perShard('collection_pending_rows', 'vectors that wait for the graph', (shard) => shard.info().pendingRows);
    perShard(
      'collection_queued_operations',
      'operations that are logged and not yet applied',
      (shard) => shard.queuedOperations,
    );
    perCollection('collection_writable', 'whether the collection takes writes', (shards) =>
      shards.every((shard) => shard.info().readOnly === null && shard.status().color !== 'red') ? 1 : 0,
    );
    perShard('collection_disk_bytes', 'size of the collection on disk', (shard) => shard.info().diskBytes);
    perShard('collection_memory_bytes', 'memory that the collection holds', (shard) => shard.info().memoryBytes);
  }

  #addProcess(prefix: string): void {
    const registers = [this.#registry];
    const loopDelay = this.#loopDelay;
    new Gauge({
      name: `${prefix}event_loop_delay_seconds`,
      help: 'delay of the event loop since the last scrape',
      labelNames: ['quantile'],
      registers,
      collect() {
        for (const quantile of quantiles) {
          // The histogram measures the whole interval of its timer, of which the resolution is no delay.
          const delayMs = Math.max(0, loopDelay.percentile(quantile * 100) / 1e6 - loopResolutionMs);
          this.set({ quantile: String(quantile) }, delayMs / 1000);
        }
        loopDelay.reset();
      },
    });
    new Gauge({
      name: `${prefix}memory_resident_bytes`,
      help: 'resident memory of the process',
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
  }
}
