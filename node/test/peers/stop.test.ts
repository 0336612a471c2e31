import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PeerUnreachable, type ShardTarget } from '../../src/replica/remote-replicas.js';
import { FakeCluster, FakePeer } from './fake-peer.js';
import { rejection, until } from './until.js';

const target: ShardTarget = { collection: 1, shard: 0, metadataIndex: 1 };
const options = { wait: false, direct: false, timeoutMs: 20_000 };

let peers: FakePeer[] = [];

async function twoPeers(): Promise<[FakePeer, FakePeer]> {
  const cluster = new FakeCluster();
  peers = [await FakePeer.start(cluster, 1), await FakePeer.start(cluster, 2)];
  return [peers[0]!, peers[1]!];
}

afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.stop()));
  peers = [];
});

describe('a node that stops', () => {
  it('answers what is under way, and takes nothing new', async () => {
    const [one, two] = await twoPeers();
    let release: (value: unknown) => void = () => undefined;
    const held = new Promise((resolve) => (release = resolve));
    two.host.on('follow', () => held.then(() => ({ status: 'acknowledged', sequence: 4 })));
    const underWay = one.network.replicas.follow(2, target, Buffer.from('under way'), options);
    await until('the write', () => two.host.calls.length === 1);
    const stopped = two.stop(10_000);
    await until('the evidence', () => one.receiver.unreachable.includes(2));
    const late = await rejection(one.network.replicas.follow(2, target, Buffer.from('late'), options));
    expect(late).toBeInstanceOf(PeerUnreachable);
    release(null);
    expect(await underWay).toEqual({ status: 'acknowledged', sequence: 4 });
    await stopped;
    expect(two.host.operations()).toEqual(['under way']);
  });

  it('cuts what is not answered within its grace', async () => {
    const [one, two] = await twoPeers();
    two.host.on('follow', () => new Promise(() => undefined));
    const underWay = rejection(one.network.replicas.follow(2, target, Buffer.from('held'), options));
    await until('the write', () => two.host.calls.length === 1);
    const startedMs = performance.now();
    await two.stop(100);
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(await underWay).toBeInstanceOf(PeerUnreachable);
  });

  it('does not wait for connections that say nothing', async () => {
    const [, two] = await twoPeers();
    const silent = connect({ host: '127.0.0.1', port: two.port });
    silent.on('error', () => undefined);
    silent.resume();
    await once(silent, 'connect');
    const startedMs = performance.now();
    await two.stop(100);
    expect(performance.now() - startedMs).toBeLessThan(3000);
    if (!silent.closed) await once(silent, 'close');
  });

  it('fails its own calls', async () => {
    const [one, two] = await twoPeers();
    two.host.on('count', () => new Promise(() => undefined));
    const count = (): Promise<unknown> =>
      rejection(one.network.replicas.count(2, target, { filter: null, exact: true }, 20_000));
    const underWay = count();
    await until('the request', () => two.host.calls.length === 1);
    await one.stop();
    expect(await underWay).toBeInstanceOf(PeerUnreachable);
    expect(await count()).toBeInstanceOf(PeerUnreachable);
    expect(one.receiver.unreachable).toEqual([]);
  });
});
