import { describe, expect, it } from 'vitest';
import type { PeerId } from '../../src/metadata/peer-id.js';
import type { ReplicaState } from '../../src/metadata/replica-state.js';
import type { ShardView } from '../../src/replica/shard-view.js';
import {
  afterRefusedForward,
  judgeRefusedFollower,
  leftOutByDirectLeader,
  nextWriteStep,
  receiversOf,
  verdictOf,
  type WriteSituation,
  type WriteStep,
} from '../../src/replica/write-plan.js';

function viewOf(states: Readonly<Record<PeerId, ReplicaState>>, writeConsistencyFactor = 1): ShardView {
  const replicas = Object.entries(states).map(([peer, state]) => ({ peer: Number(peer), state }));
  return { index: 10, replicas, writeConsistencyFactor };
}

const allActive = viewOf({ 1: 'Active', 2: 'Active', 3: 'Active' });

function situation(change: Partial<WriteSituation>): WriteSituation {
  return {
    view: allActive,
    self: 1,
    ordering: 'weak',
    selfMissed: false,
    away: new Set(),
    quorum: true,
    notBelow: null,
    ...change,
  };
}

const away = (...peers: PeerId[]): ReadonlySet<PeerId> => new Set(peers);

describe('who leads a write', () => {
  const table: readonly (readonly [string, Partial<WriteSituation>, WriteStep])[] = [
    ['the highest source of truth', {}, { kind: 'forward', to: 3, direct: false }],
    ['this node, when it is that', { self: 3 }, { kind: 'lead', direct: false }],
    [
      'no replica that is being copied',
      { view: viewOf({ 1: 'Active', 3: 'Partial' }) },
      { kind: 'lead', direct: false },
    ],
    [
      'nobody while all are being created',
      { view: viewOf({ 1: 'Initializing', 2: 'Initializing' }) },
      { kind: 'fail', reason: 'no-active-replica' },
    ],
    ['the next, once the leader is out', { away: away(3) }, { kind: 'depose', leader: 3, state: 'Active' }],
    [
      'another, when this one missed writes',
      { self: 3, selfMissed: true },
      { kind: 'depose', leader: 3, state: 'Active' },
    ],
    [
      'nobody else than the only source of truth',
      { view: viewOf({ 1: 'Dead', 3: 'Active' }), away: away(3) },
      { kind: 'fail', reason: 'nobody-left' },
    ],
    [
      'nobody at once, without a quorum, for medium',
      { ordering: 'medium', away: away(3), quorum: false },
      { kind: 'fail', reason: 'no-quorum' },
    ],
    [
      'the next directly, without a quorum, for weak',
      { away: away(3), quorum: false },
      { kind: 'forward', to: 2, direct: true },
    ],
    [
      'this node directly, when nobody above is left',
      { away: away(3, 2), quorum: false },
      { kind: 'lead', direct: true },
    ],
    [
      'nobody below the one that was asked to lead',
      { self: 2, selfMissed: true, away: away(3), quorum: false, notBelow: 2 },
      { kind: 'fail', reason: 'nobody-left' },
    ],
    [
      'nobody when all are away',
      { self: 9, away: away(1, 2, 3), quorum: false },
      { kind: 'fail', reason: 'nobody-left' },
    ],
    [
      'nobody for strong while the highest replica is dead',
      { ordering: 'strong', view: viewOf({ 1: 'Active', 2: 'Active', 3: 'Dead' }) },
      { kind: 'fail', reason: 'strong-leader-away' },
    ],
    [
      'the leader for strong while the highest replica is being copied',
      { ordering: 'strong', view: viewOf({ 1: 'Active', 2: 'Active', 3: 'Partial' }) },
      { kind: 'forward', to: 2, direct: false },
    ],
    [
      'nobody here, when this node said that it cannot',
      { self: 3, away: away(3), quorum: false },
      { kind: 'forward', to: 2, direct: true },
    ],
  ];
  it.each(table)('is %s', (_name, change, step) => {
    expect(nextWriteStep(situation(change))).toEqual(step);
  });
});

describe('who gets an operation', () => {
  const mixed = viewOf({ 1: 'Active', 2: 'Partial', 3: 'Dead', 4: 'Initializing', 5: 'Active', 6: 'Active' });

  it('is every replica that takes writes and missed none', () => {
    expect(receiversOf(mixed, 6, new Set([5]), false)).toEqual([1, 2, 4]);
  });

  it('is only a source of truth below, from a direct leader, which leaves the others out', () => {
    expect(receiversOf(mixed, 5, new Set(), true)).toEqual([1]);
    expect(leftOutByDirectLeader(mixed, 5)).toEqual([2, 4, 6]);
  });
});

describe('the success of a write', () => {
  it.each([
    [1, 3, 1, 'success'],
    [2, 3, 1, 'too-few'],
    [2, 3, 2, 'success'],
    // A factor above the number of replicas asks for all of them.
    [5, 2, 2, 'success'],
    [5, 2, 1, 'too-few'],
    [0, 2, 0, 'too-few'],
  ] as const)('with factor %i of %i replicas and %i successes is %s', (factor, count, successes, kind) => {
    const states = Object.fromEntries(Array.from({ length: count }, (_, at) => [at + 1, 'Active'] as const));
    expect(verdictOf(viewOf(states, factor), successes).kind).toBe(kind);
  });
});

describe('a refusal', () => {
  it('by newer metadata is looked at again, by the same metadata it is a missed write', () => {
    expect(judgeRefusedFollower({ kind: 'not-leader' }, 11, 10)).toEqual({ kind: 'look-again' });
    expect(judgeRefusedFollower({ kind: 'not-leader' }, 10, 10)).toEqual({ kind: 'missed' });
    expect(judgeRefusedFollower({ kind: 'replica-state' }, 11, 10)).toEqual({ kind: 'look-again' });
    expect(judgeRefusedFollower({ kind: 'stale-clock', newestTick: 3 }, 11, 10)).toEqual({ kind: 'missed' });
    expect(judgeRefusedFollower({ kind: 'not-open' }, 11, 10)).toEqual({ kind: 'later' });
    expect(judgeRefusedFollower({ kind: 'leader-missed-writes' }, 10, 10)).toEqual({ kind: 'step-down' });
  });

  it('of a leader makes the coordinator ask again, later, or another', () => {
    expect(afterRefusedForward({ kind: 'not-leader' })).toBe('again');
    expect(afterRefusedForward({ kind: 'behind' })).toBe('later');
    expect(afterRefusedForward({ kind: 'missed-writes' })).toBe('away');
  });
});
