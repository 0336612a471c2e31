/**
 * An operator as a process on the machine of the tests, with the rights of the chart's ServiceAccount and no others.
 * It reaches the API server through a gate, and can be killed and frozen.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { waitUntil } from '../../harness/waiting.js';
import { ApiGate, type ApiCall } from './api-gate.js';
import { apps, core } from './api-server.js';
import { chartDeployment } from './chart-operator.js';
import { nodeImage, releaseNamespace, reportFolder, repository } from './settings.js';

const main = resolve(repository, 'operator/dist/main.js');

export class LocalOperator {
  readonly identity: string;
  readonly gate: ApiGate;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(identity: string, gate: ApiGate, folder: string) {
    this.identity = identity;
    this.gate = gate;
    this.#folder = folder;
  }

  static async prepare(identity: string): Promise<LocalOperator> {
    const gate = await ApiGate.open();
    const folder = await mkdtemp(join(tmpdir(), 'local-operator-'));
    const operator = new LocalOperator(identity, gate, folder);
    await writeFile(operator.#kubeconfig, JSON.stringify(kubeconfigOf(gate.url, await serviceAccountToken())));
    return operator;
  }

  get #kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  get running(): boolean {
    return this.#process !== null && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Its log is appended to one file over all of its lives. */
  async start(): Promise<void> {
    if (this.running) throw new Error(`operator ${this.identity} runs already`);
    await mkdir(reportFolder, { recursive: true });
    const log = openSync(join(reportFolder, `operator-${this.identity}.log`), 'a');
    this.#process = spawn(
      process.execPath,
      [
        main,
        ...['--kubeconfig', this.#kubeconfig],
        ...['--identity', this.identity],
        ...['--leader-election-namespace', releaseNamespace],
        ...['--node-image', nodeImage],
        ...['--metrics-port', '0'],
        ...['--health-port', '0'],
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** When the process is gone, by itself or killed. */
  async ended(deadlineMs = 30_000): Promise<void> {
    await waitUntil(() => !this.running, { what: `operator ${this.identity} to end`, deadlineMs });
  }

  async memoryMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#process?.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  /** What it was forbidden to do: nothing, when the rules of the chart are enough. */
  get forbidden(): ApiCall[] {
    return this.gate.calls.filter(({ status }) => status === 401 || status === 403);
  }

  async close(): Promise<void> {
    this.thaw();
    if (this.running && this.#process !== null) {
      const ended = once(this.#process, 'exit');
      this.kill();
      await ended;
    }
    await this.gate.close();
    await rm(this.#folder, { recursive: true });
  }
}

async function serviceAccountToken(): Promise<string> {
  const deployment = await apps.readNamespacedDeployment({
    namespace: releaseNamespace,
    name: await chartDeployment(),
  });
  const name = deployment.spec?.template.spec?.serviceAccountName ?? 'default';
  const { status } = await core.createNamespacedServiceAccountToken({
    namespace: releaseNamespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: 7200 } },
  });
  if (status === undefined) throw new Error(`no token was given for the ServiceAccount ${name}`);
  return status.token;
}

function kubeconfigOf(server: string, token: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    // The gate has no certificate, and without one the client asks for this.
    clusters: [{ name: 'gate', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'operator', user: { token } }],
    contexts: [{ name: 'gate', context: { cluster: 'gate', user: 'operator' } }],
    'current-context': 'gate',
  };
}
