/** A node from its first file to its last: opens storage, serves, and stops without losing anything. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { GrpcServer } from './api/grpc/grpc-server.js';
import { ReloadingCertificate } from './api/rest/reloading-certificate.js';
import { RestServer } from './api/rest/rest-server.js';
import { allRoutes } from './api/rest/routes/all-routes.js';
import { Authenticator } from './auth/authenticator.js';
import type { CollectionResources } from './collection/collection.js';
import { CollectionFolders } from './collection/collection-folders.js';
import { LocalCollections } from './collection/local-collections.js';
import { CollectionReplicaHost } from './collection/collection-replica-host.js';
import { checkMissedWrites } from './collection/missed-writes-check.js';
import { noRemoteReplicas } from './collection/no-remote-replicas.js';
import { OpeningSlots } from './collection/opening-slots.js';
import type { Consensus } from './consensus/consensus.js';
import { makeFolder } from './consensus/durable-file.js';
import { JoinRefusedError } from './consensus/joining.js';
import { StandaloneConsensus } from './consensus/standalone-consensus.js';
import type { NativeAddon, NativeStore } from './engine/addon.js';
import { defaultPeerPort } from './peers/peer-address.js';
import { processClock } from './replica/replica-clock.js';
import type { RemoteReplicas } from './replica/remote-replicas.js';
import { defaultReplicaSetLimits, ReplicaSet } from './replica/replica-set.js';
import { RunningCluster } from './running-cluster.js';
import { shardTransfers } from './running-transfers.js';
import { catchUp } from './service/catch-up.js';
import { onlyPeer } from './service/cluster-peers.js';
import { LocalClusterService } from './service/local-cluster-service.js';
import { LocalCollectionsService } from './service/local-collections-service.js';
import { LocalPointsService } from './service/local-points-service.js';
import type { NodeServices } from './service/node-services.js';
import type { CommandLine } from './settings/command-line.js';
import { SettingsError } from './settings/load-settings.js';
import type { Settings } from './settings/settings.js';
import { NodeMetrics } from './telemetry/node-metrics.js';
import { NodeTelemetry } from './telemetry/node-telemetry.js';
import { Readiness } from './telemetry/readiness.js';
import type { ShardTransfers } from './transfer/shard-transfers.js';

/** Payloads that are read often stay in memory up to this; the page cache holds the rest. */
const blockCacheBytes = 32 * 1024 * 1024;

/** Enough to keep the disk busy, few enough for its queue. */
const shardsOpenedAtOnce = 8;

/** How long requests under way may take to finish when the node stops. */
const drainMs = 10_000;

/** A reason why the node cannot start, as a sentence. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** Of the process. */
  readonly exitCode: number;

  constructor(message: string, { cause, exitCode = 1 }: { readonly cause?: unknown; readonly exitCode?: number } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** As the original exits, so that supervisors see a node that its cluster does not take. */
const joinRefusedExitCode = 101;

/** How long one attempt to hear from the leader may take, and the pause before the next. */
const barrierTimeoutMs = 5_000;
const retryMs = 250;

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function indexThreads(settings: Settings): number {
  const budget = settings.storage.performance.optimizer_cpu_budget;
  // A negative budget leaves that many processors free, as in the original.
  return budget < 0 ? Math.max(1, cpus().length + budget) : budget;
}

/** RocksDB locks its folder for the life of the process: that lock stands for the whole storage folder. */
async function openStore(addon: NativeAddon, storageFolder: string): Promise<NativeStore> {
  try {
    await makeFolder(storageFolder);
    return await addon.openStore(join(storageFolder, 'rocksdb'), { blockCacheBytes });
  } catch (error) {
    if (/lock/i.test(reason(error))) {
      throw new StartError(`The storage folder ${storageFolder} is in use by another process: stop that one first.`);
    }
    throw new StartError(`The storage folder ${storageFolder} cannot be opened: ${reason(error)}.`);
  }
}

/** What the storage holds and cannot be used is a sentence for the operator, not a crash. */
async function storageStep<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw new StartError(reason(error), { cause: error });
  }
}

async function openCollections(
  collections: LocalCollections,
  settings: Settings,
  { mayLag }: { readonly mayLag: boolean },
): Promise<void> {
  try {
    await collections.start({ tolerant: settings.storage.handle_collection_load_errors, mayLag });
  } catch (error) {
    throw new StartError(
      `${reason(error)}. To start without what cannot be opened, set storage.handle_collection_load_errors.`,
      { cause: error },
    );
  }
}

async function joinStep(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    throw new StartError(reason(error), {
      cause: error,
      exitCode: error instanceof JoinRefusedError ? joinRefusedExitCode : 1,
    });
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}

function listenError(api: string, host: string, port: number, error: unknown): StartError {
  const inUse = reason(error).includes('EADDRINUSE');
  const why = inUse ? 'the port is already in use' : reason(error);
  return new StartError(`${api} cannot listen on ${host}:${port}: ${why}.`);
}

export interface NodeOptions {
  readonly addon: NativeAddon;
  readonly settings: Settings;
  readonly commandLine: CommandLine;
  readonly logger: Logger;
}

export class RunningNode {
  readonly #options: NodeOptions;
  readonly #readiness = new Readiness(() => this.#able());
  #able: () => boolean = () => true;
  #mayDrop = false;
  #stopped = false;
  readonly #undo: (() => Promise<void> | void)[] = [];
  #stopping: Promise<void> | null = null;

  private constructor(options: NodeOptions) {
    this.#options = options;
  }

  /** Rejects with a sentence, with everything closed again, when the node cannot serve. */
  static async start(options: NodeOptions): Promise<RunningNode> {
    const node = new RunningNode(options);
    try {
      await node.#open();
    } catch (error) {
      await node.#close();
      throw error;
    }
    return node;
  }

  /** Answers readyz with 503 at once, goes on serving for the delay of the settings, then saves and closes. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #open(): Promise<void> {
    const { addon, settings, logger } = this.#options;
    const storageFolder = settings.storage.storage_path;
    addon.configure({
      searchThreads: settings.storage.performance.max_search_threads,
      indexThreads: indexThreads(settings),
    });
    const store = await openStore(addon, storageFolder);
    this.#undo.push(() => store.close());
    await mkdir(settings.storage.snapshots_path, { recursive: true });
    const cluster = await this.#cluster();
    const consensus = cluster?.consensus ?? (await storageStep(() => StandaloneConsensus.open(storageFolder)));
    const remote = cluster?.remote ?? noRemoteReplicas;
    const collections = this.#collections(consensus, remote, store);
    this.#undo.push(() => collections.close());
    if (cluster === null) await openCollections(collections, settings, { mayLag: false });
    const transfers = cluster === null ? null : await this.#join(cluster, collections);
    const clusterService = new LocalClusterService({
      consensus,
      collections,
      cluster: cluster?.consensus ?? null,
      transferProgress: (collection, transfer) => transfers?.progress(collection, transfer) ?? null,
    });
    const metricsPrefix = settings.service.metrics_prefix ?? '';
    const repairedRanges = () => transfers?.repairedRanges ?? 0;
    const metrics = new NodeMetrics(collections, clusterService, metricsPrefix, repairedRanges);
    this.#undo.push(() => metrics.stop());
    const services: NodeServices = {
      ...this.#useCases(consensus, collections, cluster),
      cluster: clusterService,
      codec: addon.codec,
      authenticator: new Authenticator({
        apiKey: settings.service.api_key,
        altApiKey: settings.service.alt_api_key,
        readOnlyApiKey: settings.service.read_only_api_key,
      }),
      settings,
      readiness: this.#readiness,
      metrics: metrics.requests,
      logger,
    };
    await this.#listen(services, metrics, new NodeTelemetry(collections, clusterService, addon));
    if (cluster === null) this.#readiness.becomeReady();
    else this.#becomeReadyLater(cluster);
  }

  #useCases(
    consensus: Consensus,
    collections: LocalCollections,
    cluster: RunningCluster | null,
  ): Pick<NodeServices, 'collections' | 'points'> {
    const { addon, settings } = this.#options;
    const { codec } = addon;
    const searchTimeoutSec = settings.storage.performance.search_timeout_sec;
    const searchTimeoutMs = searchTimeoutSec === null ? null : searchTimeoutSec * 1000;
    const peers = cluster ?? onlyPeer(consensus.self);
    return {
      collections: new LocalCollectionsService({
        ...{ consensus, collections, peers, codec, settings },
        remote: cluster?.remote ?? noRemoteReplicas,
        random: Math.random,
      }),
      points: new LocalPointsService({ consensus, collections, peers, codec, searchTimeoutMs }),
    };
  }

  async #cluster(): Promise<RunningCluster | null> {
    const { addon, settings, commandLine, logger } = this.#options;
    if (!settings.cluster.enabled) return null;
    const cluster = await storageStep(() =>
      RunningCluster.open({ addon, settings, commandLine, logger, ready: () => this.#readiness.ready }),
    );
    this.#able = () => !cluster.consensus.removed && cluster.consensus.status().thread.kind === 'working';
    return cluster;
  }

  /**
   * What this node has is opened before others can ask for it, unless it has no metadata yet that would say
   * what it has.
   */
  async #join(cluster: RunningCluster, collections: LocalCollections): Promise<ShardTransfers> {
    const { settings, logger } = this.#options;
    const { consensus, remote } = cluster;
    const host = new CollectionReplicaHost(consensus, collections);
    const begin = async (): Promise<void> => {
      await openCollections(collections, settings, { mayLag: true });
    };
    const serve = async (): Promise<void> => {
      await checkMissedWrites(consensus, collections, remote);
      host.begin();
    };
    this.#undo.push(() => cluster.stop());
    const known = consensus.state.peers.has(consensus.self);
    if (known) await begin();
    try {
      await cluster.listen(host);
    } catch (error) {
      throw listenError('The peer API', settings.service.host, settings.cluster.p2p.port ?? defaultPeerPort, error);
    }
    if (known) await serve();
    await joinStep(() => cluster.join());
    if (!known) {
      await begin();
      await serve();
    }
    const transfers = shardTransfers(cluster, collections, settings, logger);
    collections.addFollower(transfers);
    void this.#allowDrops(cluster, collections);
    return transfers;
  }

  /** Shards are dropped only by metadata that is known to be as new as it ever was here. */
  async #allowDrops({ consensus }: RunningCluster, collections: LocalCollections): Promise<void> {
    while (!this.#mayDrop && !this.#stopped && !consensus.removed) {
      this.#mayDrop = await consensus.barrier(barrierTimeoutMs).then(
        () => true,
        () => false,
      );
      if (!this.#mayDrop) await pause(retryMs);
    }
    if (!this.#stopped) collections.conformAll();
  }

  #becomeReadyLater(cluster: RunningCluster): void {
    const { logger } = this.#options;
    catchUp({
      consensus: cluster.consensus,
      commitIndexes: () => cluster.commitIndexes(),
      pause: () => pause(retryMs),
      stopped: () => this.#stopped,
    }).then(
      () => this.#readiness.becomeReady(),
      (error: unknown) => logger.error({ err: error }, 'Catching up with the cluster failed'),
    );
  }

  #collections(consensus: Consensus, remote: RemoteReplicas, store: NativeStore): LocalCollections {
    const { addon, settings, logger } = this.#options;
    const { codec } = addon;
    const resources: CollectionResources = {
      self: consensus.self,
      codec,
      shards: {
        addon,
        store,
        folders: new CollectionFolders(settings.storage.storage_path, store),
        walSync: settings.storage.wal.sync,
        walSyncIntervalMs: settings.storage.wal.sync_interval_ms,
        opening: new OpeningSlots(shardsOpenedAtOnce),
        mayDrop: () => !settings.cluster.enabled || this.#mayDrop,
        onBackgroundError: (collection, error) =>
          logger.error({ err: error, collection }, 'A shard failed in the background'),
      },
      replicasOf: ({ id, name }, shard, local, missed) =>
        new ReplicaSet({
          ...{ collection: { id, name }, shard, metadata: consensus, remote, local, missed },
          agreed: (batches, minimum, order) => codec.agreed(batches, minimum, order),
          clock: processClock,
          random: Math.random,
          limits: defaultReplicaSetLimits,
        }),
    };
    return new LocalCollections(resources, consensus);
  }

  async #listen(services: NodeServices, metrics: NodeMetrics, telemetry: NodeTelemetry): Promise<void> {
    const { settings, logger } = this.#options;
    const { host, http_port: httpPort, grpc_port: grpcPort } = settings.service;
    let certificate: ReloadingCertificate | null = null;
    if (settings.service.enable_tls) {
      certificate = new ReloadingCertificate(settings, logger);
      const loaded = certificate;
      this.#undo.push(() => loaded.stop());
    }
    let rest: RestServer;
    try {
      rest = await RestServer.start(services, allRoutes(services, metrics, telemetry), certificate);
    } catch (error) {
      throw error instanceof SettingsError ? error : listenError('REST', host, httpPort, error);
    }
    this.#undo.push(() => rest.stop(drainMs));
    logger.info({ host, port: rest.port, tls: settings.service.enable_tls }, 'Serving REST');
    if (grpcPort === null) return;
    let grpc: GrpcServer;
    try {
      grpc = await GrpcServer.start(services, grpcPort, certificate);
    } catch (error) {
      throw listenError('gRPC', host, grpcPort, error);
    }
    this.#undo.push(() => grpc.stop(drainMs));
    logger.info({ host, port: grpc.port, tls: settings.service.enable_tls }, 'Serving gRPC');
  }

  async #stop(): Promise<void> {
    const { settings } = this.#options;
    this.#readiness.becomeStopping();
    const delayMs = settings.service.shutdown_delay_sec * 1000;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    await this.#close();
  }

  /** In the opposite order of opening; one failure does not keep the rest from being saved. */
  async #close(): Promise<void> {
    this.#stopped = true;
    const failures: unknown[] = [];
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** The file that tells people's tools that a start has finished. */
export async function markInitialized(file: string): Promise<void> {
  await writeFile(file, '');
}
