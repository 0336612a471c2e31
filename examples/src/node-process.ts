import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface NodeOptions {
  /** The compiled entry, node/dist/main.js. */
  readonly entry: string;
  /** Working folder: the node reads ./config and, unless told otherwise, writes ./storage there. */
  readonly directory: string;
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Further settings, as QDRANT__SECTION__KEY. */
  readonly settings: Readonly<Record<string, string>>;
  /** The command line after the program. */
  readonly args?: readonly string[];
  readonly logFile: string;
}

export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A data-plane node as a process of its own. */
export class NodeProcess {
  readonly url: string;
  readonly exited: Promise<NodeExit>;
  readonly #process: ChildProcess;
  readonly #logFile: string;
  #running = true;

  private constructor(child: ChildProcess, url: string, logFile: string) {
    this.#process = child;
    this.#logFile = logFile;
    this.url = url;
    this.exited = new Promise((resolve, reject) => {
      child.once('error', (error) => {
        this.#running = false;
        reject(error);
      });
      child.once('exit', (code, signal) => {
        this.#running = false;
        resolve({ code, signal });
      });
    });
  }

  static start(options: NodeOptions): NodeProcess {
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, 'w');
    const child = spawn(process.execPath, [options.entry, ...(options.args ?? [])], {
      cwd: options.directory,
      // A group of its own: Ctrl-C on the terminal must reach the node once, through `stop`. A second signal means "now".
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        QDRANT__SERVICE__HOST: options.host,
        QDRANT__SERVICE__HTTP_PORT: String(options.httpPort),
        QDRANT__SERVICE__GRPC_PORT: String(options.grpcPort),
        ...options.settings,
      },
    });
    closeSync(log);
    return new NodeProcess(child, `http://${options.host}:${options.httpPort}`, options.logFile);
  }

  get pid(): number {
    const pid = this.#process.pid;
    if (pid === undefined) throw new Error('the node could not be started');
    return pid;
  }

  /** Waits until /readyz says yes; throws with the end of the log when the node exits or the time runs out. */
  async ready(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline && this.#running) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      await answer?.arrayBuffer();
      if (answer?.ok === true) return;
      await sleep(50);
    }
    throw new Error(
      `${this.#running ? 'the node did not become ready' : 'the node exited'}; its log ends:\n${this.#logEnd()}`,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Asks the node to finish and waits until it has. */
  async stop(): Promise<NodeExit> {
    this.signal('SIGTERM');
    return this.exited;
  }

  #logEnd(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }
}

/** Whether a listener could be opened there now. */
export async function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
