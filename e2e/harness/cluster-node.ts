/** One node of a cluster under test: a real process that can be ended, paused, and started again. */
import { join, resolve } from 'node:path';
import { NodeProcess, type NodeExit } from '../../node/test/harness/node-process.js';
import { restCaller, type RestCaller } from '../../node/test/harness/rest.js';
import type { ClusterStatus, CollectionCluster } from './cluster-status.js';

export const ports = { rest: 6333, grpc: 6334, peers: 6335 } as const;

const resolvePeers = resolve(import.meta.dirname, 'resolve-peers.mjs');

export interface ClusterNodeOptions {
  readonly index: number;
  /** The address that it serves on. */
  readonly host: string;
  readonly folder: string;
  /** Of this node, under which others find it. */
  readonly uri: string;
  readonly bootstrap: string | null;
  readonly namesFile: string;
  readonly settings: Readonly<Record<string, string>>;
}

export class ClusterNode {
  readonly index: number;
  readonly folder: string;
  readonly uri: string;
  #options: ClusterNodeOptions;
  #process: NodeProcess | null = null;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.index = options.index;
    this.folder = options.folder;
    this.uri = options.uri;
  }

  get host(): string {
    return this.#options.host;
  }

  get storage(): string {
    return join(this.folder, 'storage');
  }

  get running(): boolean {
    return this.#process?.alive === true;
  }

  get process(): NodeProcess {
    if (this.#process === null) throw new Error(`node ${this.index} was not started`);
    return this.#process;
  }

  get url(): string {
    return `http://${this.host}:${ports.rest}`;
  }

  /** REST, by a connection to the node itself. */
  get call(): RestCaller {
    return restCaller(this.url);
  }

  /** Starts it, on the data that it left if it ran before. */
  async start(overrides: Readonly<Record<string, string>> = {}): Promise<void> {
    const { host, folder, uri, bootstrap, namesFile, settings } = this.#options;
    this.#process = await NodeProcess.start({
      host,
      folder,
      settings: {
        SERVICE__HTTP_PORT: String(ports.rest),
        SERVICE__GRPC_PORT: String(ports.grpc),
        CLUSTER__ENABLED: 'true',
        CLUSTER__P2P__PORT: String(ports.peers),
        ...settings,
        ...overrides,
      },
      environment: { PEER_NAMES: namesFile, NODE_OPTIONS: `--import ${resolvePeers}` },
      args: ['--uri', uri, ...(bootstrap === null ? [] : ['--bootstrap', bootstrap])],
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<NodeExit> {
    // A process that is paused takes no signal but this one.
    if (signal !== 'SIGKILL') this.resume();
    return this.process.end(signal);
  }

  kill(): Promise<NodeExit> {
    return this.stop('SIGKILL');
  }

  pause(): void {
    this.process.signal('SIGSTOP');
  }

  resume(): void {
    this.process.signal('SIGCONT');
  }

  /** It serves on this address when it is started the next time. */
  moveTo(host: string): void {
    this.#options = { ...this.#options, host };
  }

  async cluster(): Promise<ClusterStatus> {
    return (await this.result('GET', '/cluster')) as ClusterStatus;
  }

  async collection(name: string): Promise<CollectionCluster> {
    return (await this.result('GET', `/collections/${name}/cluster`)) as CollectionCluster;
  }

  async peerId(): Promise<number> {
    return (await this.cluster()).peer_id;
  }

  /** The result of a request that must succeed. */
  async result(method: string, path: string, body?: object): Promise<unknown> {
    const reply = await this.call(method, path, body);
    if (reply.status !== 200) throw new Error(`${method} ${path} on node ${this.index}: ${reply.status} ${reply.text}`);
    return reply.json.result;
  }
}
