import { describe, expect, it } from 'vitest';
import type { BatchedMessage } from '../../src/peers/raft-messages.js';
import { RaftOutbox } from '../../src/peers/raft-outbox.js';

const envelope = { from: 1, to: 2 };

const heartbeat = (term: number): BatchedMessage => ({ ...envelope, term, type: 'heartbeat', commit: 0, round: 0 });
const vote = (term: number): BatchedMessage => ({
  ...envelope,
  term,
  type: 'vote-response',
  granted: true,
  commit: { index: 0, term: 0 },
});
const append = (term: number, bytes = 0): BatchedMessage => ({
  ...envelope,
  term,
  type: 'append',
  previous: { index: 0, term: 0 },
  entries: [{ index: 1, term, kind: 'normal', data: new Uint8Array(bytes) }],
  commit: 0,
});

const names = (messages: readonly BatchedMessage[]): string[] => messages.map(({ type, term }) => `${type} ${term}`);

describe('the outbox of raft messages', () => {
  it('gives messages in their order, as many as fit', () => {
    const outbox = new RaftOutbox(100, 1000);
    outbox.push([append(1, 600), append(2, 600), heartbeat(3)], 0);
    expect(names(outbox.take(1000, 0))).toEqual(['append 1']);
    expect(names(outbox.take(1000, 0))).toEqual(['append 2', 'heartbeat 3']);
    expect(outbox.take(1000, 0)).toEqual([]);
    outbox.push([append(4, 5000)], 0);
    expect(names(outbox.take(1000, 0))).toEqual(['append 4']);
  });

  it('drops the oldest heartbeats first, then appends, then anything', () => {
    const outbox = new RaftOutbox(4, 1000);
    outbox.push([vote(1), append(2), heartbeat(3), heartbeat(4)], 0);
    outbox.push([vote(5)], 0);
    expect(outbox.dropped).toBe(1);
    outbox.push([vote(6), append(7)], 0);
    expect(outbox.length).toBe(4);
    outbox.push([vote(8), vote(9)], 0);
    expect(names(outbox.take(1e6, 0))).toEqual([
      'vote-response 5',
      'vote-response 6',
      'vote-response 8',
      'vote-response 9',
    ]);
    expect(outbox.dropped).toBe(5);
  });

  it('forgets what is too old to be worth sending', () => {
    const outbox = new RaftOutbox(10, 1000);
    outbox.push([vote(1)], 0);
    outbox.push([vote(2)], 600);
    expect(names(outbox.take(1e6, 1001))).toEqual(['vote-response 2']);
    expect(outbox.dropped).toBe(1);
    outbox.push([vote(3)], 2000);
    outbox.clear();
    expect(outbox.length).toBe(0);
    expect(outbox.dropped).toBe(2);
  });
});
