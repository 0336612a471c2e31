/**
 * Runs the plan on the model while the size flips, transfers fail in every way, people create and delete collections
 * and replicas die: then lets it come to rest. The model throws at every step that would take something away which
 * is still needed, so what is checked at the end is that all that was wanted has come about.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelCluster, type Fate } from './model-cluster.js';
import { pass, runUntilSettled } from './run-model.js';

interface Draws {
  readonly next: (bound: number) => number;
}

/** Repeats what was drawn, so that a run of any length is repeated by its numbers. */
function drawsOf(numbers: readonly number[]): Draws {
  let at = 0;
  return { next: (bound) => numbers[at++ % numbers.length]! % bound };
}

const trouble = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  end: fc.integer({ min: 1, max: 5 }),
  passes: fc.integer({ min: 5, max: 60 }),
  retain: fc.boolean(),
  zones: fc.boolean(),
  numbers: fc.array(fc.nat(10_000), { minLength: 50, maxLength: 80 }),
});
type Trouble = typeof trouble extends fc.Arbitrary<infer T> ? T : never;

const fates: readonly Fate[] = ['ends', 'ends', 'ends', 'ends', 'fails', 'is lost', 'stalls'];

function disturb(model: ModelCluster, draws: Draws, unused: number): void {
  const members = [...model.members.keys()];
  const number = model.shards.length;
  switch (draws.next(12)) {
    case 0:
      model.size = 1 + draws.next(5);
      return;
    case 1: {
      // On any members, those that are to leave among them.
      const holders = members.filter((_, index) => index <= draws.next(3));
      model.addShards(`c${unused % 4}/${unused} key k${unused % 2} x${1 + draws.next(3)} on ${holders.join(' ')}`);
      return;
    }
    case 2: {
      const gone = model.shards[draws.next(Math.max(1, number))];
      if (gone === undefined || model.transfers.length > 0) return;
      model.shards.splice(model.shards.indexOf(gone), 1);
      return;
    }
    case 3: {
      const shard = model.shards[draws.next(Math.max(1, number))];
      const active = [...(shard?.replicas ?? [])].filter(([, state]) => state === 'Active').map(([peer]) => peer);
      if (active.length > 1 && model.transfers.length === 0) shard!.replicas.set(active[0]!, 'Dead');
      return;
    }
    case 4:
      for (const { replicas } of model.shards) {
        for (const [peer, state] of replicas) if (state === 'Dead') replicas.set(peer, 'Active');
      }
      return;
    case 5:
      model.leader = members[draws.next(members.length)]!;
      return;
    case 6:
      model.operation = null;
      return;
    default:
      return;
  }
}

/** Nothing dies and nothing fails any more. */
function calm(model: ModelCluster, end: number): void {
  model.size = end;
  for (const { replicas } of model.shards) {
    for (const [peer, state] of replicas) if (state === 'Dead') replicas.set(peer, 'Active');
  }
}

function run({ size, end, passes, retain, zones, numbers }: Trouble, forbidReplicaLoss: boolean): ModelCluster {
  const draws = drawsOf(numbers);
  let troubled = true;
  const model = new ModelCluster({
    size,
    zones: zones ? ['a', 'b', 'c'] : [],
    wanted: { drain: { timeoutMs: 60_000, forbidReplicaLoss }, volumesWhenScaled: retain ? 'Retain' : 'Delete' },
    fateOf: () => (troubled ? fates[draws.next(fates.length)]! : 'ends'),
  });
  for (let shard = 0; shard < 3 + (numbers[0]! % 6); shard += 1) {
    model.addShards(`c${shard % 3}/${shard} x${1 + (shard % 3)} on ${100 + (shard % size)}`);
  }
  for (let count = 0; count < passes; count += 1) {
    disturb(model, draws, 100 + count);
    pass(model);
    expectActive(model);
  }
  troubled = false;
  calm(model, end);
  return model;
}

function expectActive(model: ModelCluster): void {
  for (const { replicas } of model.shards) expect([...replicas.values()]).toContain('Active');
}

const parameters = { seed: 20_261_122, numRuns: 60 };

describe('whatever happens on the way', () => {
  it('the cluster comes to its wanted size, with all replicas, in balance', () => {
    fc.assert(
      fc.property(trouble, (drawn) => {
        const model = run({ ...drawn, retain: false }, false);
        runUntilSettled(model);
        expectActive(model);
        expect([...model.members.values()].toSorted()).toEqual(Array.from({ length: drawn.end }, (_, index) => index));
        expect([...model.volumes.keys()].toSorted()).toEqual([...model.members.values()].toSorted());
        expect([...model.pods.values()].every(({ serving, peer }) => serving && peer !== null)).toBe(true);
        for (const { replicas, replicationFactor } of model.shards) {
          expect(replicas.size).toBeGreaterThanOrEqual(Math.min(replicationFactor, drawn.end));
          expect([...replicas.keys()].every((peer) => model.members.has(peer))).toBe(true);
        }
        if (!drawn.zones) expectSpread(model);
      }),
      parameters,
    );
  });

  it('no peer leaves while a replication factor forbids it, and nothing else waits for that', () => {
    fc.assert(
      fc.property(trouble, (drawn) => {
        const model = run({ ...drawn, retain: false }, true);
        const members = (): number => model.members.size;
        const plan = runUntilSettled(model);
        expectActive(model);
        const widest = Math.max(...model.shards.map(({ replicationFactor }) => replicationFactor));
        if (members() === drawn.end) return;
        expect(plan.blocks).toMatchObject([{ procedure: 'ScaleDown', reason: 'ReplicaLossForbidden' }]);
        expect(widest).toBeGreaterThan(drawn.end);
      }),
      parameters,
    );
  });

  it('retained volumes are never deleted, and stand in the way only of a growth over them', () => {
    fc.assert(
      fc.property(trouble, (drawn) => {
        const model = run({ ...drawn, retain: true }, false);
        const plan = runUntilSettled(model);
        expectActive(model);
        expect(model.log).not.toContain('delete-volume');
        if (model.members.size === drawn.end) return;
        expect(plan.blocks.map(({ reason }) => reason)).toContain('DetachedVolume');
      }),
      parameters,
    );
  });
});

function expectSpread(model: ModelCluster): void {
  const peers = [...model.members.keys()];
  const groups = new Set(model.shards.map(({ collection, shardKey }) => `${collection} ${shardKey ?? ''}`));
  for (const group of groups) {
    const shards = model.shards.filter(({ collection, shardKey }) => `${collection} ${shardKey ?? ''}` === group);
    const counts = peers.map((peer) => shards.filter(({ replicas }) => replicas.has(peer)).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }
}
