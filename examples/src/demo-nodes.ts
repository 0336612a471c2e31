/** The processes of the demonstration: one node, or several that form a cluster, on loopback. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NodeProcess, portIsFree, type NodeExit } from './node-process.js';

export const host = '127.0.0.1';

/** Between the ports of one node and those of the next. */
const portStep = 10;

const readyWithinMs = 60_000;

export interface DemoOptions {
  readonly repository: string;
  readonly nodes: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly peerPort: number;
  /** Where a single node keeps its data; nodes of a cluster have folders of their own below it. */
  readonly storageFolder: string;
}

interface Ports {
  readonly http: number;
  readonly grpc: number;
  readonly peers: number;
}

export class DemoNode {
  /** As people count: the first is 1. */
  readonly number: number;
  readonly ports: Ports;
  readonly process: NodeProcess;
  /** What starts it again by hand, in the folder of the repository; null for a single node. */
  readonly command: string | null;

  constructor(number: number, ports: Ports, process: NodeProcess, command: string | null) {
    this.number = number;
    this.ports = ports;
    this.process = process;
    this.command = command;
  }

  get url(): string {
    return this.process.url;
  }
}

export class DemoNodes {
  readonly nodes: readonly DemoNode[];

  private constructor(nodes: readonly DemoNode[]) {
    this.nodes = nodes;
  }

  /** The first port that something else listens on, or null. */
  static async takenPort(options: DemoOptions): Promise<number | null> {
    for (let index = 0; index < options.nodes; index += 1) {
      const { http, grpc, peers } = portsOf(options, index);
      const wanted = options.nodes === 1 ? [http, grpc] : [http, grpc, peers];
      for (const port of wanted) if (!(await portIsFree(host, port))) return port;
    }
    return null;
  }

  static start(options: DemoOptions): DemoNodes {
    if (options.nodes === 1) return new DemoNodes([startAlone(options)]);
    return new DemoNodes(Array.from({ length: options.nodes }, (_, index) => startMember(options, index)));
  }

  /** Resolves when each of them is ready to serve. */
  async ready(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.ready(readyWithinMs)));
  }

  signal(signal: NodeJS.Signals): void {
    for (const { process } of this.nodes) process.signal(signal);
  }

  /** Calls `tell` when a node ends; resolves when all have. */
  exits(tell: (node: DemoNode, exit: NodeExit) => void): Promise<readonly NodeExit[]> {
    return Promise.all(
      this.nodes.map(async (node) => {
        const exit = await node.process.exited;
        tell(node, exit);
        return exit;
      }),
    );
  }
}

function portsOf(options: DemoOptions, index: number): Ports {
  return {
    http: options.httpPort + portStep * index,
    grpc: options.grpcPort + portStep * index,
    peers: options.peerPort + portStep * index,
  };
}

interface Start {
  readonly settings: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Below build/. */
  readonly logName: string;
}

function startProcess({ repository }: DemoOptions, ports: Ports, { settings, args, logName }: Start): NodeProcess {
  return NodeProcess.start({
    entry: join(repository, 'node', 'dist', 'main.js'),
    directory: repository,
    host,
    httpPort: ports.http,
    grpcPort: ports.grpc,
    settings,
    args,
    logFile: join(repository, 'build', logName),
  });
}

function startAlone(options: DemoOptions): DemoNode {
  const ports = portsOf(options, 0);
  return new DemoNode(1, ports, startProcess(options, ports, { settings: {}, args: [], logName: 'run.log' }), null);
}

/** Its settings are in a file, so that the command that starts it again by hand is short. */
function startMember(options: DemoOptions, index: number): DemoNode {
  const number = index + 1;
  const ports = portsOf(options, index);
  const folder = join(options.storageFolder, 'cluster', `node-${number}`);
  const configFile = join(folder, 'config.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(configFile, configText(folder, ports));
  const uri = (port: number): string => `http://${host}:${port}`;
  const args = ['--config-path', configFile, '--uri', uri(ports.peers)];
  if (index > 0) args.push('--bootstrap', uri(options.peerPort));
  const process = startProcess(options, ports, {
    // What was set for all of them is each one's own here.
    settings: {
      QDRANT__STORAGE__STORAGE_PATH: join(folder, 'storage'),
      QDRANT__STORAGE__SNAPSHOTS_PATH: join(folder, 'snapshots'),
      QDRANT__CLUSTER__P2P__PORT: String(ports.peers),
    },
    args,
    logName: `run-${number}.log`,
  });
  const shownFile = relative(options.repository, configFile);
  const shown = args.map((arg) => (arg === configFile && !shownFile.startsWith('..') ? shownFile : arg));
  return new DemoNode(number, ports, process, `./qdrant ${shown.join(' ')}`);
}

/** JSON strings are YAML strings too, whatever a folder is called. */
function configText(folder: string, ports: Ports): string {
  return `storage:
  storage_path: ${JSON.stringify(join(folder, 'storage'))}
  snapshots_path: ${JSON.stringify(join(folder, 'snapshots'))}
service:
  host: ${host}
  http_port: ${ports.http}
  grpc_port: ${ports.grpc}
cluster:
  enabled: true
  p2p:
    port: ${ports.peers}
`;
}
