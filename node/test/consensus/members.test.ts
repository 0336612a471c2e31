import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JoinFailedError, JoinRefusedError } from '../../src/consensus/joining.js';
import { ConsensusStartError } from '../../src/consensus/raft-opening.js';
import { StandaloneConsensus } from '../../src/consensus/standalone-consensus.js';
import { encodeMetadata } from '../../src/metadata/metadata-file.js';
import { firstPeerMetadata } from '../../src/metadata/metadata-state.js';
import type { Message } from '../../src/raft/message.js';
import { eventually, Network, tickPeriodMs, type TestPeer } from './network.js';
import { create, names, same } from './cluster-assertions.js';

let network: Network;

beforeEach(() => {
  network = new Network();
});

afterEach(async () => {
  await network.close();
});

const members = (peer: TestPeer): readonly number[] => [...peer.raft.state.peers.keys()];

describe('a peer joins', () => {
  it('through a peer that does not lead', async () => {
    const [first, second] = await network.cluster(2);
    const other = network.leader() === first ? second! : first!;
    const third = await network.add().start({ bootstrapUri: other.uri });
    await eventually(() => third.raft.status().isVoter, 'it votes');
    await same(first!, second!, third);
    expect(members(third)).toEqual([1, 2, 3]);
  });

  it('with others at the same time', async () => {
    const first = await network.add().start();
    const others = await Promise.all([1, 2, 3, 4].map(() => network.add().start({ bootstrapUri: first.uri })));
    await eventually(() => others.every(({ raft }) => raft.status().isVoter), 'all vote');
    await same(first, ...others);
    expect(members(first).toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  it('and has the collections that were there before the log that is left', async () => {
    const first = await network.add().start();
    for (let index = 0; index < 200; index += 1) await first.raft.propose(create(`c${index}`, 1));
    const second = await network.add().start({ bootstrapUri: first.uri });
    await same(first, second);
    expect(names(second).length).toBe(200);
    expect(network.snapshotPieces).toBeGreaterThan(0);
  });

  it('by a snapshot of several pieces', async () => {
    const first = await network.add().start();
    const placed = { placement: [[1]] };
    for (let index = 0; index < 20; index += 1) {
      const created = create(`c${index}`, 1);
      if (created.kind !== 'create-collection') throw new Error('it creates a collection');
      const config = { ...created.config, metadata: JSON.stringify({ text: 'x'.repeat(150_000) }) };
      await first.raft.propose({ ...created, ...placed, config });
    }
    const second = await network.add().start({ bootstrapUri: first.uri });
    await same(first, second);
    expect(network.snapshotPieces).toBeGreaterThan(2);
  });

  it('again after it was killed before it had any metadata', async () => {
    const first = await network.add().start();
    const second = network.add();
    const consensus = await second.open({ bootstrapUri: first.uri });
    // Nothing that it is sent arrives.
    const transport = { ...network.transport(second, consensus), send: () => undefined };
    const started = consensus.start(transport);
    started.catch(() => undefined);
    await eventually(() => first.raft.state.peers.has(2), 'it was added');
    await second.kill();
    await second.start();
    await eventually(() => second.raft.status().isVoter, 'it votes');
    await same(first, second);
  });

  it('not where a peer with shards has its address', async () => {
    const [first, second] = await network.cluster(2);
    await first!.raft.propose(create('a', 2));
    await same(first!, second!);
    await second!.kill();
    // The two keep their majority by the third.
    const impostor = network.add();
    const join = impostor.open({ bootstrapUri: first!.uri, uri: second!.uri }).then(async (consensus) => {
      await consensus.start(network.transport(impostor, consensus));
    });
    await second!.start();
    await expect(join).rejects.toThrow(JoinRefusedError);
    await expect(join).rejects.toThrow(/peer-2.*holds shards/);
    expect(members(first!)).toEqual([1, 2]);
  });

  it('in place of one without shards that had its address', async () => {
    const [first, second, third] = await network.cluster(3);
    await third!.kill();
    const successor = network.add();
    network.peers.splice(network.peers.indexOf(third!), 1);
    const consensus = await successor.open({ bootstrapUri: first!.uri, uri: third!.uri });
    Object.assign(successor, { uri: third!.uri });
    await consensus.start(network.transport(successor, consensus));
    await eventually(() => consensus.status().isVoter, 'it votes');
    await same(first!, second!, successor);
    expect(members(first!)).toEqual([1, 2, 4]);
    expect([...first!.raft.state.removedPeers]).toEqual([[3, third!.uri]]);
  });

  it('not when it is let in and told nothing', async () => {
    const first = await network.add().start();
    const peer = network.add();
    const consensus = await peer.open({ bootstrapUri: first.uri, bootstrapTimeoutMs: 300 });
    const transport = { ...network.transport(peer, consensus), send: () => undefined };
    await expect(consensus.start(transport)).rejects.toThrow(JoinFailedError);
  });

  it('not when nobody answers', async () => {
    const peer = network.add();
    const consensus = await peer.open({ bootstrapUri: 'http://nowhere:6335/', bootstrapTimeoutMs: 50 });
    const start = consensus.start(network.transport(peer, consensus));
    await expect(start).rejects.toThrow(JoinFailedError);
    await expect(start).rejects.toThrow(/http:\/\/nowhere:6335\/ cannot be reached/);
  });
});

describe('a peer comes back', () => {
  it('under another address', async () => {
    const [first, second] = await network.cluster(2);
    await second!.kill();
    Object.assign(second!, { uri: 'http://elsewhere:6335/' });
    await second!.start();
    await eventually(() => first!.raft.state.peers.get(2)?.uri === 'http://elsewhere:6335/', 'its address is known');
    await same(first!, second!);
  });

  it('with another version', async () => {
    const [first, second] = await network.cluster(2);
    await second!.kill();
    await second!.start({ version: '1.1.0' });
    await eventually(() => first!.raft.state.peers.get(2)?.version === '1.1.0', 'its version is known');
  });
});

describe('a peer that lost its storage', () => {
  it('has no vote until it has the log again', async () => {
    const [first, second, third] = await network.cluster(3);
    await first!.raft.propose(create('a', 1, 2, 3));
    await same(first!, second!, third!);
    const lost = network.leader() === third ? second! : third!;
    await lost.kill();
    rmSync(join(lost.folder, 'raft'), { recursive: true });
    const others = [first!, second!, third!].filter((peer) => peer !== lost);
    const suspended = others.map(() => false);
    others.forEach((peer, place) =>
      peer.raft.subscribe(({ peers }) => (suspended[place] ||= peers.get(lost.number)?.suspended === true)),
    );
    await lost.start({ bootstrapUri: first!.uri });
    await eventually(() => lost.raft.status().isVoter, 'it votes again');
    await same(first!, second!, third!);
    expect(suspended).toEqual([true, true]);
    expect(first!.raft.state.peers.get(lost.id)).not.toHaveProperty('suspended');
    expect(names(lost)).toEqual(['a']);
  });

  it('says nothing before it was added', async () => {
    const first = await network.add().start();
    const second = network.add();
    const consensus = await second.open({ bootstrapUri: first.uri });
    const sent: Message[] = [];
    const transport = {
      ...network.transport(second, consensus),
      send: (_to: number, messages: readonly Message[]) => void sent.push(...messages),
      addPeer: () => new Promise<never>(() => undefined),
    };
    const started = consensus.start(transport);
    started.catch(() => undefined);
    const vote = { type: 'vote', from: 1, to: 2, term: 9, last: { index: 0, term: 0 }, cause: 'timeout' } as const;
    consensus.onMessages(1, [vote]);
    await new Promise((resolve) => setTimeout(resolve, 10 * tickPeriodMs));
    expect(sent).toEqual([]);
    expect(consensus.status().term).toBe(0);
    // Its request is never answered.
    second.consensus = null;
    void consensus.close({ abruptly: true });
  });
});

describe('a peer is removed', () => {
  const remove = (peer: TestPeer, gone: number, force = false) =>
    peer.raft.propose({ kind: 'remove-peer', peer: gone, force });

  it('and stops', async () => {
    const [first, second, third] = await network.cluster(3);
    const gone = network.leader() === third ? second! : third!;
    expect((await remove(first!, gone.id)).rejection).toBeNull();
    await eventually(() => gone.raft.status().thread.kind === 'stopped', 'it has stopped');
    expect(gone.raft.removed).toBe(true);
    await expect(gone.raft.propose(create('a', 1))).rejects.toThrow(/was removed from the cluster/);
    const rest = [first!, second!, third!].filter((peer) => peer !== gone);
    await eventually(() => rest[0]!.raft.isRemoved(gone.id), 'it is no member any more');
    expect((await rest[1]!.raft.propose(create('b', 1))).rejection).toBeNull();
    await same(...rest);
  });

  it('although it leads', async () => {
    const peers = await network.cluster(3);
    const leader = await network.newLeader();
    await remove(leader, leader.id);
    await eventually(() => leader.raft.status().thread.kind === 'stopped', 'it has stopped');
    const rest = peers.filter((peer) => peer !== leader);
    expect((await rest[0]!.raft.propose(create('b', rest[0]!.id))).rejection).toBeNull();
    await same(...rest);
    await eventually(() => rest[0]!.raft.status().role === 'Leader' || rest[1]!.raft.status().role === 'Leader', 'led');
  });

  it('down to the last', async () => {
    const peers = await network.cluster(3);
    for (const count of [3, 2]) {
      const leader = await network.newLeader();
      await remove(leader, leader.id);
      await eventually(() => leader.raft.removed && leader.raft.status().thread.kind === 'stopped', 'it has stopped');
      await eventually(() => network.leader() !== null, 'another leads');
      expect(network.leader()!.raft.state.peers.size).toBe(count - 1);
    }
    const last = await network.newLeader();
    const rejected = await remove(last, last.id);
    expect(rejected.rejection).toEqual({ reason: 'last-peer', peer: last.id });
    expect(peers.filter(({ raft }) => !raft.removed)).toEqual([last]);
  });

  it('while it is down, and finds out when it comes back', async () => {
    const [first, second, third] = await network.cluster(3);
    await third!.kill();
    expect((await remove(first!, 3)).rejection).toBeNull();
    await eventually(() => first!.raft.isRemoved(3) && second!.raft.isRemoved(3), 'it is no member any more');
    await third!.start();
    await eventually(() => third!.raft.removed, 'it knows');
    expect(third!.raft.status().thread).toEqual({ kind: 'stopped' });
    expect((await first!.raft.propose(create('a', 1))).rejection).toBeNull();
  });

  it('not while shards are on it, but by force', async () => {
    const [first, second] = await network.cluster(2);
    await first!.raft.propose(create('a', 2));
    expect((await remove(first!, 2)).rejection).toEqual({ reason: 'peer-has-replicas', peer: 2, replicas: 1 });
    expect((await remove(first!, 2, true)).rejection).toBeNull();
    await eventually(() => second!.raft.removed, 'it knows');
  });

  it('and may not come back under its id', async () => {
    const [first] = await network.cluster(2);
    await remove(first!, 2);
    const answer = await first!.raft.onAddPeer({ peer: 2, uri: 'http://other:6335/' });
    expect(answer).toMatchObject({ kind: 'refused' });
  });
});

describe('a single node becomes a cluster', () => {
  async function standalone(peer: TestPeer): Promise<StandaloneConsensus> {
    const consensus = await StandaloneConsensus.open(peer.folder);
    await consensus.propose(create('a', consensus.self));
    await consensus.propose(create('b', consensus.self));
    return consensus;
  }

  it('with its collections and its id', async () => {
    const peer = network.add();
    const before = await standalone(peer);
    await peer.start();
    expect(peer.id).toBe(before.self);
    expect(peer.raft.state.collections).toEqual(before.state.collections);
    const { index } = await peer.raft.propose(create('c', peer.id));
    expect(index).toBeGreaterThan(before.state.appliedIndex);
    const second = await network.add().start({ bootstrapUri: peer.uri });
    await same(peer, second);
    expect(names(second)).toEqual(['a', 'b', 'c']);
  });

  it('and is not taken for a single node any more', async () => {
    const peer = network.add();
    await standalone(peer);
    await (await peer.start()).kill();
    await expect(StandaloneConsensus.open(peer.folder)).rejects.toThrow(/storage of a peer of a cluster/);
  });

  it('of its own, not of others that would not know its collections', async () => {
    const first = await network.add().start();
    const peer = network.add();
    await standalone(peer);
    const open = peer.open({ bootstrapUri: first.uri });
    await expect(open).rejects.toThrow(ConsensusStartError);
    await expect(open).rejects.toThrow(/holds 2 collections of a single node/);
    expect(existsSync(join(peer.folder, 'metadata.json'))).toBe(true);
  });

  it('whatever moment it was killed at before', async () => {
    const peer = network.add();
    await (await peer.start()).kill();
    // The file of the single node is removed last.
    writeFileSync(join(peer.folder, 'metadata.json'), encodeMetadata(firstPeerMetadata(1)));
    await peer.start();
    expect(existsSync(join(peer.folder, 'metadata.json'))).toBe(false);
    expect(peer.raft.state.peers.get(1)?.uri).toBe(peer.uri);
  });
});

describe('--reinit', () => {
  it('lets one peer go on alone', async () => {
    const [first, second, third] = await network.cluster(3);
    await first!.raft.propose(create('a', 1, 2, 3));
    await same(first!, second!, third!);
    const { cluster } = first!.raft;
    for (const peer of [first!, second!, third!]) await peer.kill();
    await first!.start({ reinit: true });
    expect((await first!.raft.propose(create('b', 1))).rejection).toBeNull();
    expect(names(first!)).toEqual(['a', 'b']);
    expect(first!.raft.cluster).not.toBe(cluster);
    // The old ones are not met; they come back as themselves.
    await second!.start({ reinit: true, bootstrapUri: first!.uri });
    await eventually(() => second!.raft.status().isVoter, 'it votes again');
    await same(first!, second!);
    expect(second!.id).toBe(2);
    expect(names(second!)).toEqual(['a', 'b']);
  });
});

describe('what people read', () => {
  it('shows the members', async () => {
    const [first] = await network.cluster(2);
    const path = join(first!.folder, 'raft_state.json');
    const shown = () => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    await eventually(() => /"voters": \[\s*1,\s*2\s*\]/.test(shown()), 'both are voters in the file');
    const content: unknown = JSON.parse(shown());
    expect(content).toMatchObject({ this_peer_id: 1, peer_address_by_id: { '1': first!.uri } });
  });

  it('gives the peer id where nothing else does', async () => {
    const peer = network.add();
    mkdirSync(peer.folder, { recursive: true });
    writeFileSync(join(peer.folder, 'raft_state.json'), '{"this_peer_id":77}');
    await peer.start();
    expect(peer.id).toBe(77);
  });
});
