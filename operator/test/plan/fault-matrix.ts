/** Rows of a fault matrix: what is seen, and what a pass does about it. */
import { expect, test } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import type { Observation, ObservedPod, ObservedSet } from '../../src/observe/observation.js';
import { makePlan } from '../../src/plan/make-plan.js';
import type { Plan } from '../../src/plan/plan.js';
import {
  emptyVolume,
  healthy,
  nothing,
  peerAt,
  startMs,
  waitingPod,
  wanting,
  type ShardSketch,
} from '../assess/observed-cluster.js';

export interface Row {
  readonly seen: string;
  readonly observation: Observation;
  /** As `gist` tells a plan. */
  readonly does: string;
  readonly replicas: number;
}

export function testRows(rows: readonly Row[]): void {
  test.each(rows)('$seen: $does', ({ observation, does, replicas }) => {
    const plan = planFor(observation);
    expect(gist(plan)).toBe(does);
    expect(plan.replicas).toBe(replicas);
  });
}

export function planFor(observation: Observation): Plan {
  return makePlan(observation, assess(observation));
}

/** What a pass does in a line: the step, what it waits for, and the reasons of its blocks. */
export function gist(plan: Plan): string {
  const blocks = plan.blocks.map((block) => `${block.procedure ?? 'cluster'}!${block.reason}`);
  const step = plan.step === null ? [] : [`${plan.step.procedure}: ${plan.step.step.kind}`];
  const waits = plan.waiting === null ? [] : [`${plan.waiting.procedure ?? 'cluster'} waits`];
  return [...step, ...waits, ...blocks].join(', ') || 'nothing';
}

const imagePull = { reason: 'ImagePullBackOff', message: 'no such image' };
/** A pod that does not start. */
export const stuck = {
  ready: false,
  running: false,
  ip: null,
  notReadySinceMs: startMs - 60_000,
  waiting: imagePull,
} as const;

export const unmarked = { peer: null, bootstrapPeer: null };

export function setOf(replicas: number): ObservedSet {
  return { uid: 'set', replicas, updateRevision: 'r1' };
}

/** The set of one pod of a cluster that is wanted to have three, before it is begun. */
export const firstPod: Observation = {
  ...nothing(3),
  set: setOf(1),
  pods: [waitingPod(0)],
  volumes: [emptyVolume(0)],
};

/** Three members; a fourth pod has been added. */
export function withFourth(pod: ObservedPod, volume = emptyVolume(3)): Observation {
  const three = healthy(3);
  return {
    ...wanting(three, { size: 4 }),
    set: setOf(4),
    pods: [...three.pods, pod],
    volumes: [...three.volumes, volume],
  };
}

/** On two of the peers, one of which loses its volume in many tests. */
export const docs: ShardSketch = { collection: 'docs', shard: 0, factor: 2, on: [peerAt(0), peerAt(2)] };
export const onlyOnLost: ShardSketch = { collection: 'docs', shard: 1, factor: 2, on: [peerAt(2)] };
