/**
 * A real node in a process of its own: started in a temporary folder on free ports, watched through
 * its log, and ended. Tests of every API use it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const mainScript = resolve(import.meta.dirname, '../../dist/main.js');

const defaultHost = '127.0.0.1';

/** Starting takes well under a second on a free machine; tests run on machines with two busy cores. */
const startDeadlineMs = 60_000;

export interface NodeProcessOptions {
  /** Settings as in the environment, without the prefix: `{ SERVICE__API_KEY: 'x' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Other variables of the environment, such as LD_PRELOAD. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Files below the working folder, written before the start. */
  readonly files?: Readonly<Record<string, string>>;
  /** A working folder of an earlier node, to start on its data. It is kept when the node ends. */
  readonly folder?: string;
  /** The address that it serves on; loopback has as many as a cluster needs. */
  readonly host?: string;
}

export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What happened to a process that was expected to refuse to start. */
export interface FailedStart extends NodeExit {
  readonly stdout: string;
  readonly stderr: string;
}

interface Launched {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly ownsFolder: boolean;
  readonly exit: Promise<NodeExit>;
  readonly output: { stdout: string; stderr: string };
}

async function launch(options: NodeProcessOptions): Promise<Launched> {
  if (!existsSync(mainScript)) throw new Error(`${mainScript} is missing: run \`make build\` first`);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'vdb-node-')));
  for (const [path, content] of Object.entries(options.files ?? {})) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const settings = {
    SERVICE__HOST: options.host ?? defaultHost,
    SERVICE__HTTP_PORT: '0',
    SERVICE__GRPC_PORT: '0',
    ...options.settings,
  };
  const inherited = Object.entries(process.env).filter(([name]) => !/^(QDRANT_|RUN_MODE$)/i.test(name));
  const child = spawn(process.execPath, [mainScript, ...(options.args ?? [])], {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited),
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`QDRANT__${name}`, value])),
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString('utf8')));
  const exit = new Promise<NodeExit>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => done({ code, signal }));
  });
  return { child, folder, ownsFolder: options.folder === undefined, exit, output };
}

export class NodeProcess {
  readonly restPort: number;
  /** null when gRPC is switched off. */
  readonly grpcPort: number | null;
  /** The working folder: `storage/` is below it. */
  readonly folder: string;
  readonly exit: Promise<NodeExit>;
  readonly #launched: Launched;
  readonly #host: string;

  private constructor(launched: Launched, host: string, restPort: number, grpcPort: number | null) {
    this.#host = host;
    this.#launched = launched;
    this.folder = launched.folder;
    this.exit = launched.exit;
    this.restPort = restPort;
    this.grpcPort = grpcPort;
  }

  /** Resolves when the node says that it is ready. */
  static async start(options: NodeProcessOptions = {}): Promise<NodeProcess> {
    const launched = await launch(options);
    const ports = new Map<string, number>();
    const ready = new Promise<void>((resolveReady) => {
      createInterface({ input: launched.child.stdout ?? process.stdin }).on('line', (line) => {
        const entry = logEntry(line);
        if (typeof entry['port'] === 'number') ports.set(String(entry['msg']), entry['port']);
        if (entry['msg'] === 'Ready') resolveReady();
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((expire) => (timer = setTimeout(() => expire('late'), startDeadlineMs)));
    const outcome = await Promise.race([ready.then(() => 'ready' as const), launched.exit, late]);
    clearTimeout(timer);
    const restPort = ports.get('Serving REST');
    if (outcome !== 'ready' || restPort === undefined) {
      launched.child.kill('SIGKILL');
      const { stdout, stderr } = launched.output;
      throw new Error(`The node did not start (${JSON.stringify(outcome)}).\n${stderr}\n${stdout}`);
    }
    return new NodeProcess(launched, options.host ?? defaultHost, restPort, ports.get('Serving gRPC') ?? null);
  }

  /** Starts a process that is expected to end by itself, and tells how. One that has not by the deadline is killed. */
  static async startFailing(options: NodeProcessOptions, deadlineMs = startDeadlineMs): Promise<FailedStart> {
    const launched = await launch(options);
    const timer = setTimeout(() => launched.child.kill('SIGKILL'), deadlineMs);
    const exit = await launched.exit;
    clearTimeout(timer);
    if (launched.ownsFolder) await rm(launched.folder, { recursive: true, force: true });
    return { ...exit, ...launched.output };
  }

  get url(): string {
    return `http://${this.#host}:${this.restPort}`;
  }

  get pid(): number {
    return this.#launched.child.pid ?? 0;
  }

  /** Everything that the process wrote to its log so far. */
  get log(): string {
    return this.#launched.output.stdout;
  }

  get stderr(): string {
    return this.#launched.output.stderr;
  }

  get alive(): boolean {
    return this.#launched.child.exitCode === null && this.#launched.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#launched.child.kill(signal);
  }

  /** Ends the process, cleanly unless told otherwise, and keeps its folder. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<NodeExit> {
    if (this.alive) this.signal(signal);
    return this.exit;
  }

  /** Ends the process and removes its folder. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

function logEntry(line: string): Readonly<Record<string, unknown>> {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? { ...entry } : {};
  } catch {
    return {};
  }
}
