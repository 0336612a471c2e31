/** What holds of every plan, however many things are wrong at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import type { Assessment } from '../../src/assess/assessment.js';
import type { Observation } from '../../src/observe/observation.js';
import { makePlan } from '../../src/plan/make-plan.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Step, StepKind } from '../../src/plan/step.js';
import { peerAt, startMs } from '../assess/observed-cluster.js';
import { anyWorld } from './any-world.js';

const settings = { numRuns: 1000, seed: 20_261_121 };

function everyPlan(holds: (plan: Plan, observation: Observation, assessment: Assessment) => void): void {
  fc.assert(
    fc.property(anyWorld, (observation) => {
      const assessment = assess(observation);
      holds(makePlan(observation, assessment), observation, assessment);
    }),
    settings,
  );
}

function everyStep(holds: (step: Step, observation: Observation, assessment: Assessment) => void): void {
  everyPlan((plan, observation, assessment) => {
    if (plan.step !== null) holds(plan.step.step, observation, assessment);
  });
}

test('the worlds bring about every kind of step', () => {
  const seen = new Set<StepKind>();
  everyPlan((plan) => {
    for (const step of [...plan.quietSteps, ...(plan.step === null ? [] : [plan.step.step])]) seen.add(step.kind);
  });
  expect([...seen].toSorted()).toEqual([
    'abort-transfer',
    'delete-pod',
    'delete-volume',
    'detach-volume',
    'drop-replica',
    'grant-start',
    'grow',
    'label-volume',
    'move-shard',
    'remove-peer',
    'replicate-shard',
    'set-serving',
    'shrink',
    'write-claim',
  ]);
});

test('the same world gives the same plan, in whatever order its nodes answered', () => {
  everyPlan((plan, observation) => {
    const reversed = { ...observation, views: observation.views.toReversed() };
    expect(makePlan(reversed, assess(reversed))).toEqual(plan);
  });
});

test('quiet steps take nothing away and start nothing', () => {
  const quiet: ReadonlySet<StepKind> = new Set(['write-claim', 'label-volume', 'detach-volume', 'set-serving']);
  everyPlan((plan) => {
    expect(plan.quietSteps.every((step) => quiet.has(step.kind))).toBe(true);
  });
});

test('a pass that takes a step waits for nothing, and one that is paused does nothing', () => {
  everyPlan((plan, observation) => {
    expect(plan.step !== null && plan.waiting !== null).toBe(false);
    if (observation.wanted.pause === null) return;
    expect([plan.step, plan.waiting, plan.quietSteps]).toEqual([null, null, []]);
  });
});

test('replicas and peers go only by an agreed map, and volumes and pods of the set only with the quorum', () => {
  everyStep((step, observation, assessment) => {
    if (step.kind === 'remove-peer' || step.kind === 'drop-replica') {
      expect(assessment.shardMap.kind).toBe('agreed');
    }
    if (step.kind === 'shrink') expect(assessment.quorum.available).toBe(true);
    if (step.kind !== 'delete-volume') return;
    const volume = observation.volumes.find((candidate) => candidate.name === step.volume.name);
    expect(volume?.detached === true || volume?.lost === true).toBe(true);
    expect(assessment.quorum.available || assessment.claim.kind !== 'claimed').toBe(true);
  });
});

test('no replica is dropped, and no peer removed, on which a shard depends', () => {
  everyStep((step, observation, { shardMap }) => {
    if (shardMap.kind === 'unknown') return;
    if (step.kind === 'drop-replica') {
      const shard = shardMap.shards.find((held) => held.collection === step.collection && held.shard === step.shard);
      const active = shard?.replicas.filter(({ peer, state }) => peer !== step.peer && state === 'Active');
      expect(active?.length).toBeGreaterThan(0);
    }
    if (step.kind !== 'remove-peer') return;
    const held = shardMap.shards.filter((shard) => shard.replicas.some(({ peer }) => peer === step.peer));
    if (step.force) expect(observation.wanted.consent.dataLossOf).toBe(step.peer);
    else expect(held).toEqual([]);
  });
});

test('a second cluster is begun only where there is none, or where the first is lost and a person agreed', () => {
  everyStep((step, observation, { claim }) => {
    if (step.kind !== 'grant-start') return;
    if (step.grant.kind === 'join') {
      expect(claim.kind).toBe('claimed');
      return;
    }
    const consented = observation.wanted.consent.newClusterAfter === peerAt(0);
    expect(claim.kind === 'unclaimed' || (claim.kind === 'all-volumes-lost' && consented)).toBe(true);
    // Nobody has been let start, and nobody has anything.
    expect(observation.pods.every((pod) => pod.grant === null && pod.disk.kind === 'empty')).toBe(true);
  });
});

test('one pod joins at a time, and none at the address of a member', () => {
  everyStep((step, _, { joiningPods, peers, quorum }) => {
    if (step.kind !== 'grant-start' || step.grant.kind !== 'join') return;
    expect(quorum.available).toBe(true);
    const again = joiningPods.find((pod) => pod.uid === step.pod.uid);
    const below = joiningPods.filter((pod) => pod.uid !== step.pod.uid && pod.ordinal < 5);
    if (again !== undefined) return;
    expect(below.filter((pod) => peers.every((peer) => peer.pod?.uid !== pod.uid))).toEqual([]);
    expect(peers.some((peer) => `qdrant-a-${peer.ordinal ?? ''}` === step.pod.name)).toBe(false);
  });
});

test('pods may be evicted only while every replica is Active and no pass does anything', () => {
  everyPlan((plan, observation, { shardMap, quorum }) => {
    if (!plan.disruptionAllowed) return;
    expect(plan.step).toBeNull();
    expect(quorum.available && observation.pods.every((pod) => pod.ready)).toBe(true);
    if (shardMap.kind === 'unknown') throw new Error('The shards are not known');
    expect(shardMap.transfers).toEqual([]);
    expect(shardMap.shards.every(({ replicas }) => replicas.every(({ state }) => state === 'Active'))).toBe(true);
  });
});

test('what waits or is blocked says the same from the second time on', () => {
  const again = (observation: Observation, plan: Plan, afterMs: number): Plan => {
    const later = { ...observation, atMs: startMs + afterMs, operation: plan.operation };
    return makePlan(later, assess(later));
  };
  everyPlan((plan, observation) => {
    const second = again(observation, plan, 300);
    if (plan.step === null && second.step === null) expect(again(observation, second, 600)).toEqual(second);
  });
});
