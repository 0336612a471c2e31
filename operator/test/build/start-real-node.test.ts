/** The start script with our real node: what it takes for a peer's volume is what the node goes on from. */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';

const script = resolve(import.meta.dirname, '..', '..', 'pod', 'start.sh');
const node = resolve(import.meta.dirname, '..', '..', '..', 'qdrant');
const deadlineMs = 25_000;

interface Pod {
  readonly folder: string;
  readonly port: number;
  readonly uri: string;
}

let folder: string;
const running = new Set<ChildProcessWithoutNullStreams>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pods-'));
});

afterEach(async () => {
  await Promise.all([...running].map(kill));
  rmSync(folder, { recursive: true });
});

async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  running.delete(child);
  const closed = child.exitCode === null && child.signalCode === null ? once(child, 'close') : null;
  child.kill('SIGKILL');
  await closed;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function newPod(name: string): Promise<Pod> {
  const port = await freePort();
  const pod = { folder: join(folder, name), port, uri: `http://127.0.0.1:${port}` };
  mkdirSync(join(pod.folder, 'storage'), { recursive: true });
  symlinkSync(node, join(pod.folder, 'qdrant'));
  const settings = {
    service: { host: '127.0.0.1', http_port: 0, grpc_port: 0 },
    cluster: { enabled: true, p2p: { port }, consensus: { bootstrap_timeout_sec: 1, tick_period_ms: 50 } },
  };
  writeFileSync(join(pod.folder, 'settings.yaml'), JSON.stringify(settings));
  grant(pod, '');
  return pod;
}

function grant(pod: Pod, text: string): void {
  writeFileSync(join(pod.folder, 'grant'), text);
}

function environment(pod: Pod): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    NODE_FOLDER: pod.folder,
    GRANT_FILE: join(pod.folder, 'grant'),
    CONFIG_FILE: join(pod.folder, 'settings.yaml'),
    PEER_URI: pod.uri,
  };
}

function witness(pod: Pod): string {
  const args = [script, 'witness', join(pod.folder, 'termination-log')];
  return execFileSync('sh', args, { env: environment(pod), encoding: 'utf8' }).trim();
}

function start(pod: Pod): ChildProcessWithoutNullStreams {
  const child = spawn('sh', [script], { env: environment(pod) });
  running.add(child);
  return child;
}

const restPort = z.object({ msg: z.literal('Serving REST'), port: z.int() });

/** The port of its REST, once it is ready. */
async function ready(child: ChildProcessWithoutNullStreams): Promise<number> {
  const expired = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  let port: number | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const entry: unknown = JSON.parse(line);
    port = restPort.safeParse(entry).data?.port ?? port;
    if (port !== null && z.object({ msg: z.literal('Ready') }).safeParse(entry).success) break;
  }
  clearTimeout(expired);
  // Nobody reads the rest, and the node must not wait for it.
  child.stdout.resume();
  if (port === null) throw new Error('The node did not become ready.');
  return port;
}

const clusterAnswer = z.object({
  result: z.object({ peer_id: z.int(), peers: z.record(z.string(), z.unknown()) }),
});

async function clusterOf(port: number): Promise<{ readonly id: string; readonly peers: readonly string[] }> {
  const answer = await fetch(`http://127.0.0.1:${port}/cluster`);
  const { result } = clusterAnswer.parse(await answer.json());
  return { id: String(result.peer_id), peers: Object.keys(result.peers).sort() };
}

it('is the first of a cluster by grant, and the same peer again without one', async () => {
  const pod = await newPod('first');
  expect(witness(pod)).toBe('empty');
  grant(pod, 'bootstrap');
  const first = start(pod);
  const { id } = await clusterOf(await ready(first));
  expect(witness(pod)).toBe(`peer ${id}`);
  await kill(first);
  expect(witness(pod)).toBe(`peer ${id}`);
  grant(pod, '');
  await expect(clusterOf(await ready(start(pod)))).resolves.toEqual({ id, peers: [id] });
});

it('joins by grant, goes on without one, and is nobody while it was not let in', async () => {
  const [first, second] = [await newPod('first'), await newPod('second')];
  grant(second, `join=${first.uri}`);
  const [code] = (await once(start(second), 'close')) as [number | null];
  expect(code, 'nobody lets it in').not.toBe(0);
  expect(witness(second)).toBe('empty');

  grant(first, 'bootstrap');
  const leader = start(first);
  await ready(leader);
  const joined = start(second);
  const { id, peers } = await clusterOf(await ready(joined));
  expect(peers).toHaveLength(2);
  expect(witness(second)).toBe(`peer ${id}`);

  await Promise.all([kill(leader), kill(joined)]);
  grant(second, '');
  grant(first, '');
  const [again, back] = [start(second), start(first)];
  await expect(clusterOf(await ready(again))).resolves.toEqual({ id, peers });
  await ready(back);
});
