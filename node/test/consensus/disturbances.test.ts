import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogOpener } from '../../src/consensus/raft-storage.js';
import { ServiceError } from '../../src/errors.js';
import { loadAddon, type NativeLog } from '../../src/engine/addon.js';
import { seededRandom } from '../faults/seeded-random.js';
import { create, names, same } from './cluster-assertions.js';
import { eventually, Network, type TestPeer } from './network.js';

const addon = loadAddon();

let network: Network;

beforeEach(() => {
  network = new Network();
});

afterEach(async () => {
  await network.close();
});

describe('proposals while leaders change', () => {
  it('are applied exactly once each, wherever they were made', async () => {
    const peers = await network.cluster(3);
    const random = seededRandom(7);
    const outcomes = new Map<string, 'applied' | 'unknown'>();
    let stopped = false;
    const propose = async (peer: TestPeer, name: string): Promise<void> => {
      const { consensus } = peer;
      if (consensus === null) return;
      try {
        const { rejection } = await consensus.propose(create(name, 1, 2, 3), { timeoutMs: 8000 });
        // A second application of the same proposal would find the name taken.
        expect(rejection).toBeNull();
        outcomes.set(name, 'applied');
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
        outcomes.set(name, 'unknown');
      }
    };
    const load = peers.map(async (peer) => {
      for (let number = 0; !stopped; number += 1) {
        await propose(peer, `${peer.uri}-${number}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (let round = 0; round < 6; round += 1) {
      const leader = await network.newLeader();
      if (random() < 0.5) {
        network.cut.add(leader.uri);
        await eventually(() => network.leader() !== null, 'another leads');
        network.cut.delete(leader.uri);
      } else {
        await leader.kill();
        await leader.start();
      }
      const reached = network.peers[0]!.raft.state.appliedIndex + 20;
      await eventually(() => network.peers[0]!.raft.state.appliedIndex >= reached, 'more is agreed on');
    }
    stopped = true;
    await Promise.all(load);
    await same(...peers);
    const applied = [...outcomes].filter(([, outcome]) => outcome === 'applied').map(([name]) => name);
    expect(applied.length).toBeGreaterThan(100);
    expect(applied.filter((name) => !peers[0]!.raft.state.collections.has(name))).toEqual([]);
    expect(names(peers[0]!).filter((name) => !outcomes.has(name))).toEqual([]);
  });

  it('are answered although a snapshot went over them', async () => {
    const peers = await network.cluster(3);
    const leader = await network.newLeader();
    const follower = peers.find((peer) => peer !== leader)!;
    // The follower's proposal reaches the leader; what the leader sends back does not reach the follower.
    const { consensus } = follower;
    const original = consensus!.onMessages.bind(consensus);
    let deaf = true;
    consensus!.onMessages = (from, messages) => {
      if (!deaf) original(from, messages);
    };
    const proposed = follower.raft.propose(create('mine', 1, 2, 3));
    await eventually(() => leader.raft.state.collections.has('mine'), 'it was applied by the leader');
    for (let index = 0; index < 150; index += 1) await leader.raft.propose(create(`c${index}`, 1));
    const pieces = network.snapshotPieces;
    deaf = false;
    expect((await proposed).rejection).toBeNull();
    await same(...peers);
    expect(network.snapshotPieces).toBeGreaterThan(pieces);
  });
});

describe('a peer that was away', () => {
  it('gets a snapshot when the log it misses is gone', async () => {
    const peers = await network.cluster(3);
    await same(...peers);
    const away = peers[2]!;
    await away.kill();
    for (let index = 0; index < 200; index += 1) await peers[0]!.raft.propose(create(`c${index}`, 1, 2));
    const pieces = network.snapshotPieces;
    await away.start();
    await same(...peers);
    expect(network.snapshotPieces).toBeGreaterThan(pieces);
    await away.kill();
    await away.start();
    expect(names(away).length).toBe(200);
  });

  it('gets entries when it missed few', async () => {
    const peers = await network.cluster(3);
    await same(...peers);
    await peers[2]!.kill();
    for (let index = 0; index < 5; index += 1) await peers[0]!.raft.propose(create(`c${index}`, 1, 2));
    const pieces = network.snapshotPieces;
    await peers[2]!.start();
    await same(...peers);
    expect(network.snapshotPieces).toBe(pieces);
  });
});

describe('a leader that stops', () => {
  it('hands over before it goes', async () => {
    const peers = await network.cluster(3);
    await same(...peers);
    const leader = await network.newLeader();
    await leader.stop();
    expect(network.leader()).not.toBeNull();
  });
});

describe('a barrier', () => {
  it('waits for all that was agreed on before', async () => {
    const peers = await network.cluster(3);
    const leader = await network.newLeader();
    const follower = peers.find((peer) => peer !== leader)!;
    for (let index = 0; index < 20; index += 1) {
      await leader.raft.propose(create(`c${index}`, 1));
      await follower.raft.barrier(5000);
      expect(follower.raft.state.collections.has(`c${index}`)).toBe(true);
    }
  });

  it('is not passed without a majority', async () => {
    const peers = await network.cluster(3);
    const leader = await network.newLeader();
    for (const peer of peers) if (peer !== leader) await peer.kill();
    await expect(leader.raft.barrier(300)).rejects.toThrow(/confirmed within 300 ms/);
  });
});

describe('recovering the metadata', () => {
  it("asks for the leader's state", async () => {
    const peers = await network.cluster(3);
    const leader = await network.newLeader();
    const follower = peers.find((peer) => peer !== leader)!;
    await leader.raft.propose(create('a', 1));
    await same(...peers);
    const pieces = network.snapshotPieces;
    await follower.raft.recover();
    await eventually(() => network.snapshotPieces > pieces, 'it was sent');
    await leader.raft.propose(create('b', 1));
    await same(...peers);
    await leader.raft.recover();
  });

  it('needs a leader', async () => {
    const peers = await network.cluster(2);
    await peers[1]!.kill();
    await eventually(() => peers[0]!.raft.status().leader === null, 'there is none');
    await expect(peers[0]!.raft.recover()).rejects.toThrow(/has no leader/);
  });
});

describe('consensus that fails', () => {
  /** A log that can be told to fail, as one whose disk does. */
  function failing(): LogOpener & { fail: boolean } {
    const opener = {
      fail: false,
      async openLog(...[directory, options]: Parameters<LogOpener['openLog']>): Promise<NativeLog> {
        if (opener.fail) throw new Error('the disk is gone');
        const log = await addon.openLog(directory, options);
        return {
          append: (bodies) => {
            if (opener.fail) throw new Error('the disk is gone');
            return log.append(bodies);
          },
          durable: (sequence) => log.durable(sequence),
          read: (from, maxBytes) => log.read(from, maxBytes),
          truncateBefore: (sequence) => log.truncateBefore(sequence),
          close: () => log.close(),
          get lastSequence() {
            return log.lastSequence;
          },
          get firstSequence() {
            return log.firstSequence;
          },
          get sizeBytes() {
            return log.sizeBytes;
          },
        };
      },
    };
    return opener;
  }

  it('says so, and is built again from disk', async () => {
    const first = await network.add().start();
    const opener = failing();
    const second = await network.add().start({ bootstrapUri: first.uri, addon: opener });
    const third = await network.add().start({ bootstrapUri: first.uri });
    await eventually(() => second.raft.status().isVoter && third.raft.status().isVoter, 'all vote');
    await first.raft.propose(create('a', 1));
    await same(first, second, third);
    const before = second.raft.state;
    opener.fail = true;
    await first.raft.propose(create('b', 1));
    await eventually(() => second.raft.status().thread.kind === 'stopped-with-error', 'it has stopped');
    expect(second.raft.status()).toMatchObject({
      thread: { kind: 'stopped-with-error', error: 'the disk is gone' },
      leader: null,
      role: null,
    });
    // What was seen is not taken back.
    expect(second.raft.state).toBe(before);
    const proposed = second.raft.propose(create('c', 1), { timeoutMs: 20_000 });
    await eventually(() => second.reports.length >= 2, 'it failed again');
    opener.fail = false;
    expect((await proposed).rejection).toBeNull();
    await same(first, second, third);
    expect(names(second)).toEqual(['a', 'b', 'c']);
    expect(second.raft.status().thread.kind).toBe('working');
  });

  it('answers what is proposed meanwhile with the reason', async () => {
    const opener = failing();
    const peer = await network.add().start({ addon: opener });
    opener.fail = true;
    await expect(peer.raft.propose(create('a', 1), { timeoutMs: 100 })).rejects.toThrow(
      /Consensus is stopped on this node: the disk is gone/,
    );
  });
});

describe('other peers', () => {
  it('cannot put into the log what nobody can apply', async () => {
    const peer = await network.add().start();
    const { appliedIndex } = peer.raft.state;
    await expect(
      peer.raft.onPropose(2, [Buffer.from('{"id":[2,1,1],"oldest":1,"op":{"kind":"dance"}}')]),
    ).rejects.toThrow(/does not know/);
    await expect(peer.raft.onPropose(2, [Buffer.from('no json')])).rejects.toThrow(/not JSON/);
    const foreign = Buffer.from('{"id":[3,1,1],"oldest":1,"op":{"kind":"delete-collection","collection":1}}');
    await expect(peer.raft.onPropose(2, [foreign])).rejects.toThrow(/another peer/);
    expect(peer.raft.state.appliedIndex).toBe(appliedIndex);
  });

  it('cannot make it take a snapshot that does not decode', async () => {
    const [first, second] = await network.cluster(2);
    const meta = { index: 1000, term: 1000, confState: { voters: [2], learners: [] } };
    const data = Buffer.from('{"format":1}');
    const piece = { term: 1000, meta, totalBytes: data.length, offset: 0, data };
    await expect(first!.raft.onSnapshotPiece(2, piece)).rejects.toThrow(/not whole/);
    await expect(first!.raft.onSnapshotPiece(2, { ...piece, offset: 5 })).rejects.toThrow(/does not follow/);
    await expect(first!.raft.onSnapshotPiece(2, { ...piece, totalBytes: 2 ** 40 })).rejects.toThrow(/too large/);
    expect((await first!.raft.propose(create('a', 1))).rejection).toBeNull();
    await same(first!, second!);
  });
});
