/** Nodes of a cluster as processes, for measurements: started on loopback, killed, started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeProcess } from '../../examples/src/node-process.js';
import { RestClient } from '../../examples/src/rest-client.js';

const host = '127.0.0.1';
const portStep = 10;
const pollMs = 2;
const patienceMs = 120_000;

interface RaftInfo {
  readonly leader: number | null;
  readonly is_voter: boolean;
}

interface ClusterView {
  readonly peer_id: number;
  readonly peers: Readonly<Record<string, unknown>>;
  readonly raft_info: RaftInfo;
}

interface CollectionView {
  readonly local_shards: readonly { readonly state: string }[];
  readonly remote_shards: readonly { readonly state: string }[];
  readonly shard_transfers: readonly unknown[];
}

export class BenchNode {
  readonly index: number;
  readonly port: number;
  readonly client: RestClient;
  readonly #start: () => NodeProcess;
  #process: NodeProcess;

  constructor(index: number, port: number, start: () => NodeProcess) {
    this.index = index;
    this.port = port;
    this.client = new RestClient(`http://${host}:${port}`);
    this.#start = start;
    this.#process = start();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Does not wait until it is ready. */
  restart(): void {
    this.#process = this.#start();
  }

  async ready(): Promise<void> {
    await this.#process.ready(patienceMs);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#process.signal(signal);
    await this.#process.exited;
  }

  async view(): Promise<ClusterView | null> {
    return this.client.call<ClusterView>('GET', '/cluster').catch(() => null);
  }
}

export class BenchCluster {
  readonly nodes: readonly BenchNode[];
  readonly #folder: string;

  private constructor(nodes: readonly BenchNode[], folder: string) {
    this.nodes = nodes;
    this.#folder = folder;
  }

  static async start(entry: string, count: number, firstPort: number): Promise<BenchCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-cluster-'));
    const uri = (index: number): string => `http://${host}:${firstPort + portStep * index + 2}`;
    const nodes = Array.from({ length: count }, (_, index) => {
      const port = firstPort + portStep * index;
      const own = join(folder, String(index));
      return new BenchNode(index, port, () =>
        NodeProcess.start({
          entry,
          directory: folder,
          host,
          httpPort: port,
          grpcPort: port + 1,
          settings: {
            QDRANT__LOG_LEVEL: 'WARN',
            QDRANT__CLUSTER__ENABLED: 'true',
            QDRANT__CLUSTER__P2P__PORT: String(port + 2),
            QDRANT__STORAGE__STORAGE_PATH: join(own, 'storage'),
            QDRANT__STORAGE__SNAPSHOTS_PATH: join(own, 'snapshots'),
          },
          args: ['--uri', uri(index), ...(index === 0 ? [] : ['--bootstrap', uri(0)])],
          logFile: join(folder, `node-${index}.log`),
        }),
      );
    });
    const cluster = new BenchCluster(nodes, folder);
    await cluster.formed();
    return cluster;
  }

  node(index: number): BenchNode {
    const found = this.nodes[index];
    if (found === undefined) throw new RangeError(`there is no node ${index}`);
    return found;
  }

  /** Resolves when all nodes are voters and agree on the leader. */
  async formed(): Promise<void> {
    await until('the cluster to form', async () => {
      const views = await Promise.all(this.nodes.map((node) => node.view()));
      const leader = views[0]?.raft_info.leader ?? null;
      return (
        leader !== null &&
        views.every(
          (view) =>
            view?.raft_info.leader === leader &&
            view.raft_info.is_voter &&
            Object.keys(view.peers).length === this.nodes.length,
        )
      );
    });
  }

  async leader(): Promise<BenchNode> {
    const views = await Promise.all(this.nodes.map((node) => node.view()));
    const wanted = views.find((view) => view !== null)?.raft_info.leader;
    const found = this.nodes[views.findIndex((view) => view?.peer_id === wanted)];
    if (found === undefined) throw new Error('the cluster has no leader');
    return found;
  }

  /** Resolves when every node sees all replicas of the collection Active. */
  async allActive(collection: string): Promise<void> {
    await until(`all replicas of ${collection} to be Active`, async () => {
      const views = await Promise.all(
        this.nodes.map(({ client }) =>
          client.call<CollectionView>('GET', `/collections/${collection}/cluster`).catch(() => null),
        ),
      );
      return views.every(
        (view) =>
          view?.shard_transfers.length === 0 &&
          [...view.local_shards, ...view.remote_shards].every(({ state }) => state === 'Active'),
      );
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end('SIGKILL')));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Looks often, because what is waited for is what is measured. */
export async function until(what: string, holds: () => Promise<boolean>, pauseMs = pollMs): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${patienceMs / 1000} s for ${what}`);
    await sleep(pauseMs);
  }
}
