import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PeerUnreachable, type ShardTarget } from '../../src/replica/remote-replicas.js';
import { clusterNumber, FakeCluster, FakePeer } from './fake-peer.js';
import { rejection, until } from './until.js';

const target: ShardTarget = { collection: 1, shard: 0, metadataIndex: 1 };
const everything = { filter: null, exact: true };
const timeoutMs = 5000;

const peers: FakePeer[] = [];
const undo: (() => unknown)[] = [];

async function start(...parameters: Parameters<typeof FakePeer.start>): Promise<FakePeer> {
  const peer = await FakePeer.start(...parameters);
  peers.push(peer);
  return peer;
}

async function stop(peer: FakePeer): Promise<void> {
  peers.splice(peers.indexOf(peer), 1);
  await peer.stop();
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.stop()));
  for (const step of undo.splice(0)) await step();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const count = (from: FakePeer, to: number, limitMs = timeoutMs): Promise<number> =>
  from.network.replicas.count(to, target, everything, limitMs);

describe('a peer that goes away', () => {
  it('is reported at once when its connection ends, and when it is refused', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    await count(one, 2);
    expect(one.receiver.unreachable).toEqual([]);
    await stop(two);
    await until('the evidence of the lost connection', () => one.receiver.unreachable.includes(2), 1000);
    const seen = await rejection(count(one, 2));
    expect(seen).toBeInstanceOf(PeerUnreachable);
    expect((seen as Error).message).toContain('ECONNREFUSED');
    expect(one.receiver.unreachable.length).toBeGreaterThanOrEqual(2);
  });

  it('is counted by its address until it can be reached again', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const port = await freePort();
    const uri = `http://127.0.0.1:${port}`;
    cluster.addresses.set(2, uri);
    const before = new Date().toISOString();
    await rejection(count(one, 2));
    const failures = one.network.transport.sendFailures().get(uri);
    expect(failures?.count).toBe(1);
    expect(failures?.latestError).toContain('ECONNREFUSED');
    expect(failures!.latestErrorTimestamp >= before).toBe(true);
    await start(cluster, 2, { port });
    await until('an answer', () =>
      count(one, 2).then(
        () => true,
        () => false,
      ),
    );
    expect(one.network.transport.sendFailures().size).toBe(0);
  });

  it('fails calls at once while it is known to be away, and not only after their time', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    cluster.addresses.set(2, `http://127.0.0.1:${await freePort()}`);
    await rejection(count(one, 2));
    const startedMs = performance.now();
    for (let call = 0; call < 20; call += 1) {
      expect(await rejection(count(one, 2, 60_000))).toBeInstanceOf(PeerUnreachable);
    }
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });

  it('fails what is under way when its process is killed, and its writes begin anew afterwards', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const port = await freePort();
    const child = await startChild(port);
    cluster.addresses.set(2, `http://127.0.0.1:${port}`);
    const options = { wait: false, direct: false, timeoutMs: 60_000 };
    const first = await one.network.replicas.follow(2, target, Buffer.from('answered'), options);
    expect(first.sequence).toBe(1);
    const held = ['held-1', 'held-2'].map((operation) =>
      rejection(one.network.replicas.follow(2, target, Buffer.from(operation), options)),
    );
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    for (const error of await Promise.all(held)) expect(error).toBeInstanceOf(PeerUnreachable);
    expect(one.receiver.unreachable).toContain(2);
    await ended;
    const two = await start(cluster, 2, { port });
    await until('the peer', () =>
      count(one, 2).then(
        () => true,
        () => false,
      ),
    );
    await one.network.replicas.follow(2, target, Buffer.from('after'), options);
    expect(two.host.operations()).toEqual(['after']);
  });
});

/** A peer in a process of its own that never answers operations but one. */
async function startChild(port: number): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'held-peer.mjs'), ['2', String(port), String(clusterNumber)]);
  undo.push(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

describe('the name of a peer', () => {
  it('is resolved again as soon as the connection is lost', async () => {
    const cluster = new FakeCluster();
    let ip = '127.0.0.2';
    const asked: string[] = [];
    const lookup = (host: string): Promise<readonly string[]> => {
      asked.push(host);
      return Promise.resolve([ip]);
    };
    const one = await start(cluster, 1, { lookup });
    const two = await start(cluster, 2, { ip, name: 'node-2' });
    await count(one, 2);
    await stop(two);
    await until('the loss', () => one.receiver.unreachable.includes(2));
    ip = '127.0.0.3';
    await start(cluster, 2, { ip, port: two.port, name: 'node-2' });
    const startedMs = performance.now();
    await until(
      'an answer from the new address',
      () =>
        count(one, 2).then(
          () => true,
          () => false,
        ),
      3000,
    );
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(asked.every((host) => host === 'node-2')).toBe(true);
    expect(asked.length).toBeGreaterThanOrEqual(2);
  });

  it('may have several addresses, of which some are dead', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1, { lookup: () => Promise.resolve(['127.0.0.9', '127.0.0.8', '127.0.0.1']) });
    await start(cluster, 2, { name: 'node-2' });
    expect(await count(one, 2)).toBe(0);
  });

  it('is no evidence against the peer when it does not resolve', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1, { lookup: () => Promise.reject(new Error('ENOTFOUND node-2')) });
    cluster.addresses.set(2, 'http://node-2:6335');
    const seen = await rejection(count(one, 2));
    expect((seen as Error).message).toContain('The name node-2 does not resolve');
    expect(one.receiver.unreachable).toEqual([]);
  });

  it('may be wrong, which is said in a sentence', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    cluster.addresses.set(2, 'node-2:6335');
    const seen = await rejection(count(one, 2));
    expect(seen).toBeInstanceOf(PeerUnreachable);
    expect((seen as Error).message).toContain('http://');
  });
});

describe('the address of a peer', () => {
  it('is followed when the cluster knows another', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    await count(one, 2);
    const moved = await start(cluster, 2);
    await count(one, 2);
    expect([two.host.calls.length, moved.host.calls.length]).toEqual([1, 1]);
  });

  it('that belongs to another peer now is not spoken to', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const three = await start(cluster, 3);
    cluster.addresses.set(2, cluster.addresses.get(3)!);
    const seen = await rejection(count(one, 2));
    expect((seen as Error).message).toContain('This is peer 3, not 2');
    expect(three.host.calls).toEqual([]);
    expect(one.receiver.unreachable).toEqual([]);
  });

  it('is given up when the peer is no member any more', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    two.host.on('count', () => new Promise(() => undefined));
    const waiting = rejection(count(one, 2, 60_000));
    await until('the request', () => two.host.calls.length === 1);
    cluster.addresses.delete(2);
    one.network.conform();
    expect(await waiting).toBeInstanceOf(PeerUnreachable);
    expect(one.receiver.unreachable).toEqual([]);
  });
});

describe('a connection that does not come', () => {
  it('is waited for no longer than the connect timeout, and by later calls less', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1, { clusterSettings: { connection_timeout_ms: 400 } });
    // Takes connections and says nothing, as a paused process does.
    const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1');
    undo.push(() => silent.close());
    await once(silent, 'listening');
    cluster.addresses.set(2, `http://127.0.0.1:${(silent.address() as { port: number }).port}`);
    const elapsed = async (): Promise<number> => {
      const startedMs = performance.now();
      expect(await rejection(count(one, 2, 60_000))).toBeInstanceOf(PeerUnreachable);
      return performance.now() - startedMs;
    };
    const first = await elapsed();
    expect(first).toBeGreaterThan(350);
    expect(first).toBeLessThan(2000);
    expect(await elapsed()).toBeLessThan(1000);
    expect(one.receiver.unreachable).toEqual([]);
  });
});
