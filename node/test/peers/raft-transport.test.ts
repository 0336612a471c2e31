import { afterEach, describe, expect, it } from 'vitest';
import { snapshotPieceBytes, type ProposeAnswer, type SnapshotPiece } from '../../src/consensus/raft-transport.js';
import { ServiceError } from '../../src/errors.js';
import type { Message } from '../../src/raft/message.js';
import { FakeCluster, FakePeer } from './fake-peer.js';
import { rejection, until } from './until.js';

const peers: FakePeer[] = [];

async function threePeers(): Promise<FakePeer[]> {
  const cluster = new FakeCluster();
  for (const id of [1, 2, 3]) peers.push(await FakePeer.start(cluster, id));
  return peers;
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.stop()));
});

const envelope = { from: 1, to: 2, term: 2 ** 52 };
const last = { index: 2 ** 53 - 1, term: 9 };

/** One of each kind, and of each form that a kind has. */
const messages: readonly Message[] = [
  { ...envelope, type: 'append', previous: last, entries: [], commit: 4 },
  {
    ...envelope,
    type: 'append',
    previous: { index: 0, term: 0 },
    entries: [
      { index: 1, term: 1, kind: 'empty', data: new Uint8Array(0) },
      { index: 2, term: 1, kind: 'normal', data: Buffer.from('{"op":1}') },
      { index: 3, term: 1, kind: 'conf-change', data: Buffer.from([1, 2, 3]) },
    ],
    commit: 0,
  },
  { ...envelope, type: 'append-response', index: 7, rejected: null },
  { ...envelope, type: 'append-response', index: 7, rejected: { index: 0, term: 0 } },
  { ...envelope, type: 'heartbeat', commit: 5, round: 6 },
  { ...envelope, type: 'heartbeat-response', round: 6, commit: 3 },
  { ...envelope, type: 'pre-vote', last, cause: 'leader-unreachable' },
  { ...envelope, type: 'pre-vote-response', granted: true, commit: last },
  { ...envelope, type: 'vote', last, cause: 'timeout' },
  { ...envelope, type: 'vote', last, cause: 'transfer' },
  { ...envelope, type: 'vote-response', granted: false, commit: { index: 0, term: 0 } },
  { ...envelope, type: 'snapshot-request', index: 5 },
  { ...envelope, type: 'timeout-now' },
  { ...envelope, type: 'read-index', context: 8 },
  { ...envelope, type: 'read-index-response', context: 8, index: 12 },
];

describe('messages of raft', () => {
  it('arrive as they were, in order', async () => {
    const [one, two] = await threePeers();
    one!.network.transport.send(2, messages.slice(0, 5));
    one!.network.transport.send(2, messages.slice(5));
    await until('the messages', () => two!.receiver.received.length === messages.length);
    expect(two!.receiver.received).toEqual(messages.map((message) => ({ from: 1, message })));
  });

  it('have the sender that sent them, whatever they say', async () => {
    const [one, two] = await threePeers();
    one!.network.transport.send(2, [{ type: 'timeout-now', from: 3, to: 2, term: 1 }]);
    await until('the message', () => two!.receiver.received.length === 1);
    expect(two!.receiver.received[0]).toEqual({ from: 1, message: { type: 'timeout-now', from: 1, to: 2, term: 1 } });
  });

  it('to nobody, and snapshots, are lost without a word', async () => {
    const [one, two] = await threePeers();
    const meta = { ...last, confState: { voters: [1], learners: [] } };
    one!.network.transport.send(9, messages);
    one!.network.transport.send(2, [
      { ...envelope, type: 'snapshot', snapshot: { meta, data: Buffer.alloc(3) } },
      { ...envelope, type: 'timeout-now' },
    ]);
    await until('the message', () => two!.receiver.received.length === 1);
    expect(two!.receiver.received[0]?.message.type).toBe('timeout-now');
  });

  it('go on after the receiver was away', async () => {
    const [one, two] = await threePeers();
    const heartbeat = (round: number): Message => ({ ...envelope, type: 'heartbeat', commit: 0, round });
    one!.network.transport.send(2, [heartbeat(1)]);
    await until('the message', () => two!.receiver.received.length === 1);
    const { port } = two!;
    await two!.stop();
    peers.splice(1, 1);
    await until('the evidence', () => one!.receiver.unreachable.includes(2));
    const cluster = new FakeCluster();
    const again = await FakePeer.start(cluster, 2, { port });
    peers.push(again);
    let round = 2;
    await until('messages to the new process', () => {
      one!.network.transport.send(2, [heartbeat((round += 1))]);
      return again.receiver.received.length > 0;
    });
  });
});

describe('requests of consensus', () => {
  it('carry proposals and their answers', async () => {
    const [one, two] = await threePeers();
    const entries = [Buffer.from('a'), Buffer.alloc(100_000, 1)];
    const answers: readonly ProposeAnswer[] = [
      { kind: 'accepted' },
      { kind: 'busy' },
      { kind: 'not-leader', leader: null },
      { kind: 'not-leader', leader: 3 },
    ];
    for (const answer of answers) {
      two!.receiver.propose = () => Promise.resolve(answer);
      expect(await one!.network.transport.propose(2, entries, 1000)).toEqual(answer);
    }
    expect(two!.receiver.proposed.slice(0, 2).every((entry, index) => entries[index]!.equals(entry))).toBe(true);
  });

  it('reject when there is no answer, and count nothing as unsent that arrived', async () => {
    const [one, two] = await threePeers();
    two!.receiver.reached = () => Promise.reject(new ServiceError('timeout', 'index 5 was not reached'));
    await rejection(one!.network.transport.reached(2, 5, 1000));
    two!.receiver.reached = () => new Promise(() => undefined);
    await rejection(one!.network.transport.reached(2, 5, 30));
    two!.receiver.propose = () => Promise.reject(new Error('a defect'));
    await rejection(one!.network.transport.propose(2, [], 1000));
    expect(one!.network.transport.sendFailures().size).toBe(0);
    const asked: number[] = [];
    two!.receiver.reached = (index, timeoutMs) => {
      asked.push(index, timeoutMs);
      return Promise.resolve();
    };
    await one!.network.transport.reached(2, 2 ** 50, 700);
    expect(asked).toEqual([2 ** 50, 700]);
  });

  it('carry the pieces of a snapshot', async () => {
    const [one, two] = await threePeers();
    const piece: SnapshotPiece = {
      term: 4,
      meta: { index: 12, term: 3, confState: { voters: [1, 2 ** 53 - 1], learners: [3] } },
      totalBytes: 5 * snapshotPieceBytes,
      offset: snapshotPieceBytes,
      data: Buffer.alloc(snapshotPieceBytes, 5),
    };
    await one!.network.transport.sendSnapshotPiece(2, piece, 5000);
    const [seen] = two!.receiver.pieces;
    expect({ ...seen, data: null }).toEqual({ ...piece, data: null });
    expect(Buffer.compare(seen!.data, piece.data)).toBe(0);
    two!.receiver.snapshotPiece = () => Promise.reject(new Error('begin again'));
    await rejection(one!.network.transport.sendSnapshotPiece(2, piece, 5000));
    const large = { ...piece, data: Buffer.alloc(snapshotPieceBytes + 1) };
    two!.receiver.snapshotPiece = () => Promise.resolve();
    await rejection(one!.network.transport.sendSnapshotPiece(2, large, 5000));
    expect(two!.receiver.pieces.length).toBe(2);
  });
});
