import { describe, expect, it } from 'vitest';
import type { ReplicaState } from '../../src/metadata/replica-state.js';
import { agreedCount, readOrder, readPlan, type ReadSituation } from '../../src/replica/read-plan.js';
import type { ShardView } from '../../src/replica/shard-view.js';

function viewOf(...states: ReplicaState[]): ShardView {
  const replicas = states.map((state, at) => ({ peer: at + 1, state }));
  return { index: 1, replicas, writeConsistencyFactor: 1 };
}

describe('how many replicas a read asks', () => {
  const three = viewOf('Active', 'Active', 'Active');
  it.each([
    ['one', three, 1, { ask: 1, agree: 1 }],
    ['two, of which both must agree', three, 2, { ask: 2, agree: 2 }],
    ['no more than there are', three, 9, { ask: 3, agree: 3 }],
    ['all, of which most must agree', three, 'majority', { ask: 3, agree: 2 }],
    ['most, of which all must agree', three, 'quorum', { ask: 2, agree: 2 }],
    ['all, of which all must agree', three, 'all', { ask: 3, agree: 3 }],
    ['those alone that can be read', viewOf('Active', 'Dead', 'Partial'), 'all', { ask: 1, agree: 1 }],
    ['more than can be read while one is created', viewOf('Active', 'Initializing'), 'all', null],
    ['nobody when none can be read', viewOf('Dead', 'Partial'), 1, null],
  ] as const)('is %s', (_name, view, consistency, plan) => {
    expect(readPlan(view, consistency)).toEqual(plan);
  });
});

describe('the order in which replicas are asked', () => {
  const situation: ReadSituation = {
    view: viewOf('Active', 'Active', 'Dead', 'Active', 'Partial'),
    self: 2,
    selfServes: true,
    missed: new Set(),
    routeAffinity: null,
    random: () => 0.5,
  };

  it('begins here', () => {
    expect(readOrder(situation)).toEqual([2, 1, 4]);
  });

  it('leaves out a replica here that is not open, and those that missed writes', () => {
    expect(readOrder({ ...situation, selfServes: false, missed: new Set([4]) })).toEqual([1]);
  });

  it('is the same on every peer for one affinity, and spreads affinities', () => {
    const firsts = new Set<number | undefined>();
    for (let token = 0; token < 40; token += 1) {
      const from = (self: number): readonly number[] => readOrder({ ...situation, self, routeAffinity: `t${token}` });
      expect(from(1)).toEqual(from(4));
      firsts.add(from(1)[0]);
    }
    expect([...firsts].sort()).toEqual([1, 2, 4]);
  });
});

describe('the count that replicas agree on', () => {
  it('is the least for all, and what most reach for a majority', () => {
    expect(agreedCount([5, 9, 7], 3)).toBe(5);
    expect(agreedCount([5, 9, 7], 2)).toBe(7);
  });
});
