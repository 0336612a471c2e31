import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create, names, same } from './cluster-assertions.js';
import { eventually, Network } from './network.js';

let network: Network;

beforeEach(() => {
  network = new Network();
});

afterEach(async () => {
  await network.close();
});

describe('a cluster of one', () => {
  it('leads itself and applies what is proposed', async () => {
    const peer = await network.add().start();
    const { rejection } = await peer.raft.propose(create('a', peer.id));
    expect(rejection).toBeNull();
    expect(names(peer)).toEqual(['a']);
    expect(peer.raft.status()).toMatchObject({ role: 'Leader', leader: peer.id, isVoter: true, pendingOperations: 0 });
    expect(peer.raft.state.peers.get(peer.id)?.uri).toBe(peer.uri);
    await eventually(() => peer.raft.state.peers.get(peer.id)?.version === '1.0.0', 'its version is known');
  });

  it('finds its state again', async () => {
    const peer = await network.add().start();
    for (let index = 0; index < 100; index += 1) await peer.raft.propose(create(`c${index}`, peer.id));
    const before = peer.raft.state;
    await peer.kill();
    await peer.start();
    expect(peer.raft.state.collections).toEqual(before.collections);
    expect(peer.raft.cluster).toBe(before.cluster);
  });

  it('applies many proposals in the order in which they came', async () => {
    const peer = await network.add().start();
    const applied = await Promise.all(
      Array.from({ length: 3000 }, (_, index) => peer.raft.propose(create(`c${index % 10}`, peer.id))),
    );
    const indexes = applied.map(({ index }) => index);
    expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
    expect(applied.filter(({ rejection }) => rejection === null).length).toBe(10);
  });
});

describe('a cluster of three', () => {
  it('agrees on what any of its peers proposes', async () => {
    const peers = await network.cluster(3);
    await Promise.all(peers.map((peer) => peer.raft.propose(create(`of-${peer.id}`, 1, 2, 3))));
    await same(...peers);
    expect(names(peers[0]!)).toEqual(['of-1', 'of-2', 'of-3']);
    expect(new Set(peers.map(({ raft }) => raft.cluster)).size).toBe(1);
  });

  it('goes on when its leader is killed', async () => {
    const peers = await network.cluster(3);
    const leader = await network.newLeader();
    await leader.raft.propose(create('before', 1, 2, 3));
    const others = peers.filter((peer) => peer !== leader);
    await leader.kill();
    await others[0]!.raft.propose(create('after', 1, 2, 3));
    await same(...others);
    expect(names(others[0]!)).toEqual(['after', 'before']);
    await leader.start();
    await same(...peers);
  });

  it('tells that there is no leader when a majority is away', async () => {
    const peers = await network.cluster(3);
    await same(...peers);
    await peers[1]!.kill();
    await peers[2]!.kill();
    await expect(peers[0]!.raft.propose(create('a', 1), { timeoutMs: 1000 })).rejects.toThrow(
      /has no leader: it takes a majority of its 3 voting peers/,
    );
    await peers[1]!.start();
    await peers[0]!.raft.propose(create('b', 1));
    expect(names(peers[0]!)).toContain('b');
  });
});
