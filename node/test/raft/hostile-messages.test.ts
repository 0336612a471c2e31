import { describe, expect, it } from 'vitest';
import { decodeConfChange, encodeConfChange } from '../../src/raft/conf-change.js';
import type { Entry } from '../../src/raft/entry.js';
import type { Message } from '../../src/raft/message.js';
import { defaultRaftConfig } from '../../src/raft/raft-config.js';
import { RaftNode } from '../../src/raft/raft-node.js';
import { Dice } from './simulator/dice.js';

const numbers = [0, 1, 2, 3, 4, 5, 6, 7, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 53 - 1, 2 ** 53];

function anyMessage(dice: Dice): Message {
  const number = (): number => dice.pick(dice.chance(0.8) ? numbers.slice(0, 8) : numbers);
  const id = (): { index: number; term: number } => ({ index: number(), term: number() });
  const envelope = { from: number(), to: dice.chance(0.9) ? 1 : number(), term: number() };
  const peers = (): number[] => Array.from({ length: dice.between(0, 4) }, number);
  const meta = { ...id(), confState: { voters: peers(), learners: peers() } };
  const previous = id();
  const entries = Array.from({ length: dice.between(0, 3) }, (_, at): Entry => {
    const index = dice.chance(0.9) ? previous.index + 1 + at : number();
    const kind = dice.pick<Entry['kind']>(['normal', 'conf-change', 'empty']);
    return { index, term: number(), kind, data: new Uint8Array(dice.between(0, 12)).fill(1) };
  });
  const cause = dice.pick(['timeout', 'leader-unreachable', 'transfer'] as const);
  const [granted, rejected] = [dice.chance(0.5), dice.chance(0.5) ? id() : null];
  return dice.pick<Message>([
    { ...envelope, type: 'append', previous, entries, commit: number() },
    { ...envelope, type: 'append-response', index: number(), rejected },
    { ...envelope, type: 'heartbeat', commit: number(), round: number() },
    { ...envelope, type: 'heartbeat-response', commit: number(), round: number() },
    { ...envelope, type: 'pre-vote', last: id(), cause },
    { ...envelope, type: 'pre-vote-response', granted, commit: id() },
    { ...envelope, type: 'vote', last: id(), cause },
    { ...envelope, type: 'vote-response', granted, commit: id() },
    { ...envelope, type: 'snapshot', snapshot: { meta, data: new Uint8Array() } },
    { ...envelope, type: 'snapshot-request', index: number() },
    { ...envelope, type: 'timeout-now' },
    { ...envelope, type: 'read-index', context: number() },
    { ...envelope, type: 'read-index-response', context: number(), index: number() },
  ]);
}

function play(seed: number): void {
  const dice = new Dice(seed);
  const raft: RaftNode = new RaftNode(
    {
      ...defaultRaftConfig,
      id: 1,
      random: () => dice.random(),
      snapshot: () => {
        const meta = raft.appliedMeta();
        return meta === null ? null : { meta, data: new Uint8Array() };
      },
    },
    {
      hardState: { term: 1, vote: null, commit: 1 },
      confState: { voters: [1, 2, 3], learners: [] },
      appliedIndex: 1,
      compacted: { index: 1, term: 1 },
      entries: [],
    },
  );
  for (let step = 0; step < 200; step += 1) {
    if (dice.chance(0.2)) raft.tick();
    raft.step(anyMessage(dice));
    for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
      raft.persisted(ready.sequence);
      const applied = ready.committed.at(-1)?.index ?? ready.snapshot?.meta.index;
      if (applied !== undefined) raft.applied(applied);
    }
    const { commit, lastIndex, applied } = raft.status();
    expect(applied).toBeLessThanOrEqual(commit);
    expect(commit).toBeLessThanOrEqual(lastIndex);
  }
}

describe('messages that no correct peer sends', () => {
  it('throw nothing and leave the peer whole', () => {
    for (let seed = 1; seed <= 100; seed += 1) play(seed);
  });
});

describe('changes of members as bytes', () => {
  it('come back as they were', () => {
    for (const kind of ['add-learner', 'promote', 'add-voter', 'remove'] as const) {
      const change = { kind, peer: 2 ** 53 - 1, context: new Uint8Array([1, 2, 3]) };
      expect(decodeConfChange(encodeConfChange(change))).toEqual(change);
    }
  });

  it.each([
    [[]],
    [[1]],
    [[2, 0, 1, 0, 0, 0, 0, 0, 0, 0]],
    [[1, 9, 1, 0, 0, 0, 0, 0, 0, 0]],
    [[1, 0, ...Array<number>(8).fill(255)]],
  ])('%j is none', (bytes) => {
    expect(decodeConfChange(new Uint8Array(bytes))).toBeNull();
  });
});
