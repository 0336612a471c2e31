import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planDrain, type DrainStep } from '../../src/placement/drain.js';
import type { PlacedShard } from '../../src/placement/placed-shard.js';
import { boards, dropped, moved, peersNamed, shardOn, shuffled } from './shard-board.js';

const [first, second, third] = peersNamed('1', '2', '3');
const keepers = [second!, third!];
const drain = (shards: readonly PlacedShard[]) => planDrain({ shards, leaving: first!, keepers });

const line = (step: DrainStep): string => {
  const shard = `${step.collection}/${step.shard}`;
  switch (step.kind) {
    case 'move':
      return `move ${shard} to ${step.to}`;
    case 'drop':
      return `drop ${shard}, active on ${step.activeOn.join(' and ')}`;
    case 'blocked':
      return `${shard}: ${step.reason}`;
  }
};

function played(shards: readonly PlacedShard[], steps: readonly DrainStep[]): readonly PlacedShard[] {
  return steps.reduce((state, step) => {
    switch (step.kind) {
      case 'move':
        return moved(state, step);
      case 'drop':
        return dropped(state, step);
      case 'blocked':
        return state;
    }
  }, shards);
}

describe('emptying a peer', () => {
  const cases: readonly [string, readonly PlacedShard[], readonly string[]][] = [
    ['leaves shards alone that are elsewhere', [shardOn('a', 0, '2')], []],
    [
      'moves to the keeper with the fewest shards of the collection',
      [shardOn('a', 0, '1'), shardOn('a', 1, '2')],
      ['move a/0 to 3'],
    ],
    [
      'moves to the keeper with the fewest shards in all, where the collection has none',
      [shardOn('a', 0, '1'), shardOn('b', 0, '2')],
      ['move a/0 to 3'],
    ],
    [
      'counts what it moved before',
      [shardOn('a', 0, '1'), shardOn('a', 1, '1'), shardOn('a', 2, '1')],
      ['move a/0 to 2', 'move a/1 to 3', 'move a/2 to 2'],
    ],
    ['moves to a keeper that lacks the shard', [shardOn('a', 0, '1 2')], ['move a/0 to 3']],
    ['drops what each keeper has, when two are Active', [shardOn('a', 0, '1 2 3')], ['drop a/0, active on 2 and 3']],
    ['keeps what only one keeper has Active', [shardOn('a', 0, '1 2 3?')], ['a/0: too-few-active']],
    ['keeps the last Active replica', [shardOn('a', 0, '1 2? 3?')], ['a/0: no-active-replica']],
    ['drops what is not Active, when another is', [shardOn('a', 0, '1? 2')], ['drop a/0, active on 2']],
    ['keeps what is not Active, when no other is', [shardOn('a', 0, '1?')], ['a/0: no-active-replica']],
    [
      'lets no blocked shard hold up another',
      [shardOn('a', 0, '1?'), shardOn('a', 1, '1')],
      ['a/0: no-active-replica', 'move a/1 to 2'],
    ],
  ];
  it.each(cases)('%s', (_name, shards, expected) => {
    expect(drain(shards).map(line)).toEqual(expected);
  });

  it('drops at a single keeper what that has Active: there is nobody for a second', () => {
    const steps = planDrain({ shards: [shardOn('a', 0, '1 2')], leaving: first!, keepers: [second!] });
    expect(steps.map(line)).toEqual(['drop a/0, active on 2']);
  });

  it('waits for a keeper that does not answer rather than dropping', () => {
    const silent = [second!, { ...third!, available: false }];
    const steps = planDrain({
      shards: [shardOn('a', 0, '1 2'), shardOn('a', 1, '1 2 3')],
      leaving: first!,
      keepers: silent,
    });
    expect(steps.map(line)).toEqual(['a/0: not-available', 'a/1: too-few-active']);
  });

  it('moves nothing from a peer that does not answer', () => {
    const steps = planDrain({ shards: [shardOn('a', 0, '1')], leaving: { ...first!, available: false }, keepers });
    expect(steps.map(line)).toEqual(['a/0: not-available']);
  });

  it('keeps replicas of a shard in different zones', () => {
    const zoned = [
      { id: '2', zone: 'a', available: true },
      { id: '3', zone: 'a', available: true },
      { id: '4', zone: 'b', available: true },
    ];
    // The fourth has more shards, but no other is in its zone.
    const shards = [shardOn('a', 0, '1 2'), shardOn('a', 1, '4'), shardOn('a', 2, '4')];
    expect(planDrain({ shards, leaving: first!, keepers: zoned }).map(line)).toEqual(['move a/0 to 4']);
  });

  const property = (allActive: boolean, body: (request: Parameters<typeof planDrain>[0]) => void) =>
    fc.assert(
      fc.property(boards({ allActive, zones: true }), ({ shards, peers }) => {
        const [leaving, ...others] = peers;
        body({ shards, leaving: leaving!, keepers: others });
      }),
      { seed: 20_261_122, numRuns: 500 },
    );

  it('empties the peer when all is well and somebody stays', () => {
    property(true, (request) => {
      if (request.keepers.length === 0) return;
      const after = played(request.shards, planDrain(request));
      expect(after.some(({ replicas }) => replicas.some(({ peer }) => peer === request.leaving.id))).toBe(false);
    });
  });

  it('never takes the last Active replica, and never brings two replicas to a peer', () => {
    property(false, (request) => {
      const steps = planDrain(request);
      const after = played(request.shards, steps);
      after.forEach(({ replicas }, index) => {
        const hadActive = request.shards[index]!.replicas.some(({ active }) => active);
        expect(replicas.some(({ active }) => active)).toBe(hadActive);
        expect(new Set(replicas.map(({ peer }) => peer)).size).toBe(replicas.length);
      });
      // What is left on the peer is exactly what was said to be blocked.
      const left = after.filter(({ replicas }) => replicas.some(({ peer }) => peer === request.leaving.id));
      expect(left.length).toBe(steps.filter(({ kind }) => kind === 'blocked').length);
    });
  });

  it('is the same in any order of the input', () => {
    property(false, (request) => {
      const other = shuffled({ shards: request.shards, peers: request.keepers });
      expect(planDrain({ ...request, shards: other.shards, keepers: other.peers })).toEqual(planDrain(request));
    });
  });
});
