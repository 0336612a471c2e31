import { afterEach, describe, expect, it } from 'vitest';
import type { ShardTarget } from '../../src/replica/remote-replicas.js';
import { FakeCluster, FakePeer, type FakePeerOptions } from './fake-peer.js';
import { rejection, until } from './until.js';

const target: ShardTarget = { collection: 1, shard: 0, metadataIndex: 1 };

let peers: FakePeer[] = [];

async function start(cluster: FakeCluster, id: number, options: FakePeerOptions = {}): Promise<FakePeer> {
  const peer = await FakePeer.start(cluster, id, options);
  peers.push(peer);
  return peer;
}

afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.stop()));
  peers = [];
});

const count = (from: FakePeer, to: number): Promise<number> =>
  from.network.replicas.count(to, target, { filter: null, exact: true }, 5000);

describe('nothing is taken from a peer', () => {
  it('of another cluster', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    one.receiver.cluster = 99;
    const seen = await rejection(count(one, 2));
    expect((seen as Error).message).toContain('another cluster');
    expect(two.host.calls).toEqual([]);
    expect(one.receiver.unreachable).toEqual([]);
  });

  it('with the same id', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 7);
    const uri = cluster.addresses.get(7)!;
    const copy = await start(cluster, 7);
    const answer = await copy.network.transport.addPeer(uri, { peer: 7, uri: 'http://copy:6335' }, 2000);
    expect(answer).toMatchObject({ kind: 'refused', message: expect.stringContaining('peer id 7 too') as unknown });
    expect(one.host.calls).toEqual([]);
  });

  it('that was removed, which it is told by every answer', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    await count(one, 2);
    cluster.removed.add(1);
    const seen = await rejection(count(one, 2));
    expect((seen as Error).message).toContain('Peer 1 was removed from the cluster');
    expect(one.receiver.removedBy).toContain(2);
    expect(two.host.calls.length).toBe(1);
    one.receiver.removedBy.length = 0;
    await until(
      'the news by a message of raft',
      () => {
        one.network.transport.send(2, [{ type: 'timeout-now', from: 1, to: 2, term: 1 }]);
        return one.receiver.removedBy.includes(2);
      },
      3000,
    );
    expect(two.receiver.received).toEqual([]);
  });
});

describe('a cluster with api keys', () => {
  it('takes nothing from a node without one', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2, { service: { api_key: 'secret' } });
    const seen = await rejection(count(one, 2));
    expect((seen as Error).message).toContain('all nodes need the same api_key');
    expect(two.host.calls).toEqual([]);
  });

  it('lets its own nodes in, while the key is changed too', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1, { service: { api_key: 'old' } });
    await start(cluster, 2, { service: { api_key: 'new', alt_api_key: 'old' } });
    await start(cluster, 3, { service: { api_key: 'new' } });
    expect(await count(one, 2)).toBe(0);
    expect(((await rejection(count(one, 3))) as Error).message).toContain('api_key');
  });
});

describe('a node that has joined no cluster yet', () => {
  it('is spoken to, and asks to be added', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    two.receiver.cluster = null;
    one.receiver.addPeer = ({ peer, uri }) => Promise.resolve({ kind: 'added', cluster: 12, peers: [{ peer, uri }] });
    const uri = cluster.addresses.get(1)!;
    const answer = await two.network.transport.addPeer(uri, { peer: 2, uri: 'http://node-2:6335/' }, 5000);
    expect(answer).toEqual({ kind: 'added', cluster: 12, peers: [{ peer: 2, uri: 'http://node-2:6335/' }] });
    expect(await count(one, 2)).toBe(0);
    expect(await count(two, 1)).toBe(0);
  });

  it('is told why it is not added', async () => {
    const cluster = new FakeCluster();
    const one = await start(cluster, 1);
    const two = await start(cluster, 2);
    const uri = cluster.addresses.get(1)!;
    const request = { peer: 2, uri: 'http://node-2:6335' };
    expect(await two.network.transport.addPeer(uri, request, 5000)).toEqual({ kind: 'failed', message: 'no leader' });
    one.receiver.addPeer = () => Promise.resolve({ kind: 'refused', message: 'taken' });
    expect(await two.network.transport.addPeer(uri, request, 5000)).toEqual({ kind: 'refused', message: 'taken' });
    await rejection(two.network.transport.addPeer('http://127.0.0.1:1', request, 1000));
  });
});

it('a peer tells what it is', async () => {
  const cluster = new FakeCluster();
  const one = await start(cluster, 1);
  await start(cluster, 2);
  const description = { version: '1.2.3', uptimeMs: 5, metadataIndex: 7, commitIndex: 8, ready: true };
  expect(await one.network.describePeer(2, 1000)).toEqual(description);
});
