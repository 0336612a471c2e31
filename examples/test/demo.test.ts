import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portIsFree } from '../src/node-process.js';

const repository = resolve(import.meta.dirname, '..', '..');
const host = '127.0.0.1';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The first ports of the demonstration: as many as it wants with this number of nodes were free a moment ago. */
async function freePorts(nodes: number): Promise<readonly [http: number, grpc: number, peers: number]> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 1_000) * 10;
    const wanted = Array.from({ length: nodes }, (_, index) => [0, 1, 2].map((offset) => first + 10 * index + offset));
    const free = await Promise.all(wanted.flat().map((port) => portIsFree(host, port)));
    if (free.every(Boolean)) return [first, first + 1, first + 2];
  }
}

interface Demonstration {
  readonly nodes: number;
  readonly ports: readonly [http: number, grpc: number, peers: number];
  /** Called once it says that it is up; the demonstration is interrupted afterwards, as by Ctrl-C. */
  readonly whenUp?: (output: string) => Promise<void>;
}

/** What `make run` starts after the build. */
async function demonstrate(demonstration: Demonstration): Promise<{ code: number | null; output: string }> {
  const [httpPort, grpcPort, peerPort] = demonstration.ports;
  const child = spawn(process.execPath, ['build/tools/examples/src/demo.js'], {
    cwd: repository,
    env: {
      ...process.env,
      NODES: String(demonstration.nodes),
      QDRANT__SERVICE__HTTP_PORT: String(httpPort),
      QDRANT__SERVICE__GRPC_PORT: String(grpcPort),
      QDRANT__CLUSTER__P2P__PORT: String(peerPort),
      QDRANT__STORAGE__STORAGE_PATH: join(folder, 'storage'),
      QDRANT__STORAGE__SNAPSHOTS_PATH: join(folder, 'snapshots'),
    },
  });
  let output = '';
  const up: { work: Promise<void> | null } = { work: null };
  const read = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    // The last line of all that it prints.
    if (up.work !== null || !/until you press Ctrl-C[^]*(scroll|--config-path)[^]*\n$/.test(output)) return;
    up.work = (demonstration.whenUp?.(output) ?? Promise.resolve()).finally(() => child.kill('SIGINT'));
    up.work.catch(() => undefined);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  await up.work;
  return { code, output };
}

async function result(url: string, path: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(url + path, { ...init, headers: { 'content-type': 'application/json' } });
  expect(answer.status, `${path}: ${answer.statusText}`).toBe(200);
  return ((await answer.json()) as { result: unknown }).result;
}

async function count(url: string): Promise<unknown> {
  return result(url, '/collections/wordnet/points/count', { exact: true });
}

/** Kills a node as the demonstration says, writes meanwhile, and starts it again by the command that it prints. */
async function killAndRestart(output: string, url: string): Promise<void> {
  process.kill(Number(/kill -9 (\d+)/.exec(output)?.[1]), 'SIGKILL');
  const zero = { id: 9_000_000, vector: new Array<number>(384).fill(0.5), payload: {} };
  const written = await fetch(`${url}/collections/wordnet/points?wait=true`, {
    method: 'PUT',
    body: JSON.stringify({ points: [zero] }),
    headers: { 'content-type': 'application/json' },
  });
  expect(written.status).toBe(200);
  expect(await count(url)).toEqual({ count: 2601 });

  const command = /(\.\/qdrant --config-path .*)\n/.exec(output)?.[1] ?? '';
  const again = spawn('/bin/sh', ['-c', `exec ${command}`], { cwd: repository, stdio: 'ignore' });
  const ended = new Promise((done) => again.once('close', done));
  try {
    const states = async (): Promise<string[]> => {
      const view = (await result(url, '/collections/wordnet/cluster')) as {
        local_shards: { state: string }[];
        remote_shards: { state: string }[];
      };
      return [...view.local_shards, ...view.remote_shards].map(({ state }) => state);
    };
    await expect.poll(states, { timeout: 60_000 }).toEqual(new Array(6).fill('Active'));
  } finally {
    again.kill('SIGTERM');
    await ended;
  }
}

describe('make run', () => {
  it(
    'loads the example, answers its questions, stops on Ctrl-C, and finds its data again',
    { timeout: 120_000 },
    async () => {
      const first = await demonstrate({ nodes: 1, ports: await freePorts(1) });
      expect(first.output).toContain("Created the collection 'wordnet' and loaded 2600 points");
      expect(first.output).toMatch(/disease carried by mosquitoes.*mosquito bite/);
      expect(first.output).toMatch(/where relations >= 8.*handsaw/);
      const found = /24 questions: (\d+) of the 240 exact nearest found/.exec(first.output)?.[1];
      expect(Number(found)).toBeGreaterThanOrEqual(236);
      expect(first.code).toBe(0);

      const second = await demonstrate({ nodes: 1, ports: await freePorts(1) });
      expect(second.output).toContain("Found the collection 'wordnet' with its 2600 points");
      expect(second.code).toBe(0);
    },
  );

  it(
    'starts three nodes, of which one may be killed and started again by the command that is printed',
    { timeout: 120_000 },
    async () => {
      const ports = await freePorts(3);
      const url = `http://${host}:${ports[0]}`;
      const { code, output } = await demonstrate({
        nodes: 3,
        ports,
        whenUp: (printed) => killAndRestart(printed, url),
      });
      expect(output).toContain('into 3 shards with 2 replicas each');
      expect(output).toMatch(/someone who sails around the world .* 1 +[\d.]+ ms/);
      expect(output).toContain('Node 2 ended with SIGKILL');
      expect(code).toBe(0);
    },
  );

  it('names a port that is taken, and how to choose another', async () => {
    const ports = await freePorts(1);
    const holder = createServer();
    await new Promise<void>((done) => holder.listen(ports[1], host, () => done()));
    const { code, output } = await demonstrate({ nodes: 1, ports });
    await new Promise<void>((done) => holder.close(() => done()));
    expect(code).toBe(1);
    expect(output).toContain(`Port ${ports[1]} on ${host} is taken`);
    expect(output).toContain('QDRANT__SERVICE__HTTP_PORT=7333');
  });
});
