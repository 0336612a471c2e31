import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clusterStatus, conditionTypes, type ClusterStatus } from '../../src/api/cluster-status.js';
import { assess } from '../../src/assess/assess.js';
import type { Observation } from '../../src/observe/observation.js';
import { makePlan } from '../../src/plan/make-plan.js';
import { statusOf } from '../../src/status/status-of.js';
import type { StatusInput } from '../../src/status/status-input.js';
import {
  firstClaim,
  healthy,
  mapAnswers,
  members,
  nothing,
  peerAt,
  silent,
  startMs,
  volumeLost,
  waitingPod,
  wanting,
  withMembers,
  withPod,
  withRaft,
  withShards,
  withVolume,
} from '../assess/observed-cluster.js';
import { anyWorld } from '../plan/any-world.js';
import { docs, firstPod, onlyOnLost, setOf, stuck, unmarked, withFourth } from '../plan/fault-matrix.js';

function statusFor(observation: Observation, change: Partial<StatusInput> = {}): ClusterStatus {
  const assessment = assess(observation);
  return statusOf({
    observation,
    assessment,
    plan: makePlan(observation, assessment),
    previous: null,
    generation: 4,
    unsupported: [],
    problems: [],
    selector: 'app.kubernetes.io/instance=a',
    volumeSize: '10Gi',
    ...change,
  });
}

/** Such as "Ready" for True, "!Ready" for False and "?Ready" for Unknown, with the reason. */
function told(status: ClusterStatus, type: string): string {
  const condition = status.conditions?.find((candidate) => candidate.type === type);
  const mark = { True: '', False: '!', Unknown: '?' }[condition?.status ?? 'Unknown'];
  return `${mark}${type}: ${condition?.reason ?? ''}`;
}

/** kstatus: Current, InProgress or Failed. */
function kstatus(status: ClusterStatus): string {
  const is = (type: string): boolean => status.conditions?.find((held) => held.type === type)?.status === 'True';
  if (is('Reconciling')) return 'InProgress';
  if (is('Stalled')) return 'Failed';
  return is('Ready') ? 'Current' : 'nothing';
}

const wasHealthy: ClusterStatus = { phase: 'Healthy', lastHealthyTime: '2026-11-20T00:00:00.000Z' };
const well = withShards(healthy(3), docs);
const split = withRaft(withMembers(healthy(3), 2, members(2)), 2, { leader: peerAt(2) });
const two = withMembers(withMembers(split, 0, members(0, 1)), 1, members(0, 1));

const rows: readonly {
  readonly seen: string;
  readonly observation: Observation;
  readonly phase: string;
  readonly is: string;
  readonly ready: string;
  readonly previous?: ClusterStatus;
}[] = [
  { seen: 'all is well', observation: well, phase: 'Healthy', is: 'Current', ready: 'Ready: AsWanted' },
  { seen: 'nothing exists', observation: nothing(3), phase: 'Creating', is: 'InProgress', ready: '!Ready: Bootstrap' },
  {
    seen: 'the first pod waits',
    observation: firstPod,
    phase: 'Creating',
    is: 'InProgress',
    ready: '!Ready: Bootstrap',
  },
  {
    seen: 'the first pod does not start',
    observation: withPod(firstPod, 0, { ...stuck, grant: 'bootstrap' }),
    phase: 'FailedToCreate',
    is: 'Failed',
    ready: '!Ready: PodNotStarting',
  },
  {
    seen: 'a pod joins a new cluster',
    observation: withFourth(waitingPod(3)),
    phase: 'Creating',
    is: 'InProgress',
    ready: '!Ready: Join',
  },
  {
    seen: 'a pod joins',
    observation: withFourth(waitingPod(3)),
    previous: wasHealthy,
    phase: 'Scaling',
    is: 'InProgress',
    ready: '!Ready: Join',
  },
  {
    seen: 'more are wanted',
    observation: wanting(well, { size: 4 }),
    previous: wasHealthy,
    phase: 'Scaling',
    is: 'InProgress',
    ready: '!Ready: ScaleUp',
  },
  {
    seen: 'fewer are wanted than a replication factor needs',
    observation: wanting(withShards(healthy(3), { ...docs, factor: 3, on: [0, 1, 2].map(peerAt) }), { size: 2 }),
    previous: wasHealthy,
    phase: 'Scaling',
    is: 'Failed',
    ready: '!Ready: ReplicaLossForbidden',
  },
  {
    seen: 'a replica is not Active',
    observation: withShards(healthy(3), { ...docs, on: [peerAt(0), [peerAt(2), 'Dead']] }),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'InProgress',
    ready: '!Ready: NotAtRest',
  },
  {
    seen: 'a pod is down',
    observation: withPod(silent(well, 2), 2, { ready: false }),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'InProgress',
    ready: '!Ready: NotAtRest',
  },
  {
    seen: 'a member is not marked yet',
    observation: withVolume(well, 2, unmarked),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'InProgress',
    ready: '!Ready: NotAtRest',
  },
  {
    seen: 'the quorum is lost',
    observation: silent(well, 1, 2),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'InProgress',
    ready: '!Ready: NoQuorum',
  },
  {
    seen: 'the quorum cannot come back',
    observation: volumeLost(well, 1, 2),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'Failed',
    ready: '!Ready: QuorumLost',
  },
  {
    seen: 'a lost peer is being replaced',
    observation: withShards(volumeLost(well, 2), docs),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'InProgress',
    ready: '!Ready: DeadPeer',
  },
  {
    seen: 'a lost peer had a shard alone',
    observation: withShards(volumeLost(well, 2), docs, onlyOnLost),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'Failed',
    ready: '!Ready: NoActiveReplica',
  },
  {
    seen: 'every volume is lost',
    observation: volumeLost(well, 0, 1, 2),
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'Failed',
    ready: '!Ready: AllVolumesLost',
  },
  {
    seen: 'two clusters',
    observation: two,
    previous: wasHealthy,
    phase: 'NotReady',
    is: 'Failed',
    ready: '!Ready: TwoClusters',
  },
  {
    seen: 'a wrong change is taken back',
    observation: withPod(silent(well, 2), 2, { ...stuck, revision: 'r0' }),
    previous: { ...wasHealthy, phase: 'NotReady' },
    phase: 'NotReady',
    is: 'InProgress',
    ready: '!Ready: PodNotStarting',
  },
  {
    seen: 'paused, and all is well',
    observation: wanting(well, { pause: 'by ann: backup' }),
    previous: wasHealthy,
    phase: 'ManualMaintenance',
    is: 'Failed',
    ready: 'Ready: AsWanted',
  },
];

test.each(rows)('$seen: $phase', ({ observation, phase, is, ready, previous }) => {
  const status = statusFor(observation, { previous: previous ?? null });
  expect(status.phase).toBe(phase);
  expect(kstatus(status)).toBe(is);
  expect(told(status, 'Ready')).toBe(ready);
});

describe('conditions', () => {
  const leaving = wanting(well, { size: 2 });
  test.each([
    { type: 'AcceptingConnection', seen: well, is: 'AcceptingConnection: Serving' },
    { type: 'AcceptingConnection', seen: firstPod, is: '!AcceptingConnection: NobodyServes' },
    { type: 'QuorumAvailable', seen: well, is: 'QuorumAvailable: QuorumAvailable' },
    { type: 'QuorumAvailable', seen: silent(well, 1, 2), is: '!QuorumAvailable: NoQuorum' },
    { type: 'QuorumAvailable', seen: volumeLost(well, 1, 2), is: '!QuorumAvailable: QuorumLost' },
    { type: 'QuorumAvailable', seen: firstPod, is: '?QuorumAvailable: NotBegun' },
    {
      type: 'QuorumAvailable',
      seen: withMembers(withMembers(silent(healthy(3), 2), 1, members(0, 1)), 0, members(0, 1, 2)),
      is: 'QuorumAvailable: QuorumAvailable',
    },
    { type: 'ShardsHealthy', seen: well, is: 'ShardsHealthy: AllActive' },
    {
      type: 'ShardsHealthy',
      seen: withShards(well, { ...docs, on: [peerAt(0), [peerAt(2), 'Partial']] }),
      is: '!ShardsHealthy: ReplicasNotActive',
    },
    {
      type: 'ShardsHealthy',
      seen: mapAnswers(well, (answer) => ({ ...answer, collections: null })),
      is: '?ShardsHealthy: ShardsUnknown',
    },
    { type: 'Balanced', seen: well, is: 'Balanced: AsWanted' },
    { type: 'Balanced', seen: wanting(well, { rebalance: false }), is: '?Balanced: Disabled' },
    { type: 'Drained', seen: well, is: 'Drained: NothingToDrain' },
    { type: 'Drained', seen: leaving, is: '!Drained: Draining' },
    { type: 'DegradedNoReplica', seen: well, is: '!DegradedNoReplica: NoVolumeLost' },
    { type: 'DegradedNoReplica', seen: withShards(volumeLost(well, 2), docs), is: 'DegradedNoReplica: VolumeLost' },
    {
      type: 'DegradedNoReplica',
      seen: withShards(volumeLost(well, 2), onlyOnLost),
      is: 'DegradedNoReplica: NoActiveReplica',
    },
    { type: 'RolloutPending', seen: well, is: '!RolloutPending: SameTemplate' },
    { type: 'RolloutPending', seen: withPod(well, 1, { revision: 'r0' }), is: 'RolloutPending: OlderTemplate' },
  ])('$is', ({ type, seen, is }) => {
    expect(told(statusFor(seen), type)).toBe(is);
  });

  const messageOf = (status: ClusterStatus, type: string): string | undefined =>
    status.conditions?.find((condition) => condition.type === type)?.message;

  test('sentences name pods, peers and shards', () => {
    expect(messageOf(statusFor(leaving), 'Drained')).toBe('qdrant-a-2 has 1 replica left.');
    expect(messageOf(statusFor(withPod(well, 1, { revision: 'r0' })), 'RolloutPending')).toContain(
      'qdrant-a-1 was made',
    );
    expect(messageOf(statusFor(withShards(volumeLost(well, 2), docs)), 'DegradedNoReplica')).toBe(
      `Peer ${peerAt(2)} of qdrant-a-2 lost its data, since qdrant-a-2 came up with an empty volume: it held docs/0: also on ${peerAt(0)} (qdrant-a-0).`,
    );
    expect(messageOf(statusFor(well, { unsupported: ['gpu', 'ingress'] }), 'UnsupportedField')).toBe(
      'Not acted on: gpu, ingress.',
    );
  });

  test('a field that is not acted on does not keep a cluster from being Ready', () => {
    expect(told(statusFor(well, { unsupported: ['gpu'] }), 'Ready')).toBe('Ready: AsWanted');
  });

  test('an object whose name is taken stalls the cluster', () => {
    const problems = [{ reason: 'NameTaken', message: 'The Service qdrant-a belongs to the App a.' }] as const;
    const status = statusFor(well, { problems, previous: wasHealthy });
    expect([status.phase, kstatus(status), told(status, 'Stalled')]).toEqual([
      'FailedToUpdate',
      'Failed',
      'Stalled: NameTaken',
    ]);
  });

  test('each is there once, with the generation it is about', () => {
    const status = statusFor(well);
    expect(status.conditions?.map(({ type }) => type)).toEqual(conditionTypes);
    expect(status.conditions?.every((condition) => condition.observedGeneration === 4)).toBe(true);
  });

  test('the time of a condition changes with its status, and with nothing else', () => {
    const first = statusFor(well);
    const worse = withShards({ ...well, atMs: startMs + 60_000 }, { ...docs, on: [peerAt(0), [peerAt(2), 'Dead']] });
    const second = statusFor(worse, { previous: first });
    const since = (status: ClusterStatus, type: string): string | undefined =>
      status.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;
    expect(since(second, 'ShardsHealthy')).toBe('2026-11-21T12:01:00.000Z');
    expect(since(second, 'QuorumAvailable')).toBe('2026-11-21T12:00:00.000Z');
  });
});

describe('facts', () => {
  test('a healthy cluster', () => {
    const { conditions, nodes, ...facts } = statusFor(wanting(well, { size: 3 }));
    expect(conditions).toHaveLength(11);
    expect(facts).toEqual({
      observedGeneration: 4,
      phase: 'Healthy',
      reason: 'All is as it is wanted.',
      availableNodes: 3,
      currentNodes: 3,
      selector: 'app.kubernetes.io/instance=a',
      availableNodeIndexes: [0, 1, 2],
      deleteInProgressNodeIndexes: [],
      version: '1.19.0',
      peers: 3,
      volumeSize: '10Gi',
      lastHealthyTime: '2026-11-21T12:00:00.000Z',
      bootstrap: { peerId: peerAt(0), nodeIndex: 0, at: firstClaim.at },
      plannedMoves: [],
    });
    expect(nodes?.['qdrant-a-2']).toEqual({
      name: 'qdrant-a-2',
      peerId: peerAt(2),
      version: '1.19.0',
      liveness: true,
      ready: true,
      shards: 1,
      database: { phase: 'Bound', capacity: '10Gi' },
    });
  });

  test('the claim stays whatever is seen, and another one takes its place only where it is written', () => {
    const previous = statusFor(well);
    expect(statusFor(nothing(3), { previous }).bootstrap).toEqual(previous.bootstrap);
    const anew = wanting(volumeLost(well, 0, 1, 2), { consent: { dataLossOf: null, newClusterAfter: peerAt(0) } });
    expect(statusFor(anew, { previous }).bootstrap).toEqual(previous.bootstrap);
  });

  test('what nobody can tell now stays as it was told last', () => {
    const previous = statusFor(well);
    const { version, peers, nodes } = statusFor(silent(well, 0, 1, 2), { previous });
    expect([version, peers]).toEqual(['1.19.0', 3]);
    expect(nodes?.['qdrant-a-1']).toMatchObject({ version: '1.19.0', shards: 0, liveness: false });
  });

  test('the version is the lowest that runs, by its numbers', () => {
    const mixed = mapAnswers(well, (answer) => ({
      ...answer,
      version: answer.pod === 'qdrant-a-1' ? 'v1.9.2' : '1.10.0',
    }));
    expect(statusFor(mixed).version).toBe('v1.9.2');
  });

  test('the nodes above the wanted size are being deleted, until the size is raised again', () => {
    expect(statusFor(wanting(well, { size: 1 })).deleteInProgressNodeIndexes).toEqual([1, 2]);
    expect(statusFor(well).deleteInProgressNodeIndexes).toEqual([]);
  });

  test('the last healthy time is written when the cluster becomes healthy and when it stops being so', () => {
    const at = (minutes: number, seen: Observation, previous: ClusterStatus | null): ClusterStatus =>
      statusFor({ ...seen, atMs: startMs + minutes * 60_000 }, { previous });
    const begun = at(0, well, null);
    const later = at(5, well, begun);
    const down = at(10, silent(well, 1, 2), later);
    const still = at(15, silent(well, 1, 2), down);
    expect([begun, later, down, still].map(({ lastHealthyTime }) => lastHealthyTime)).toEqual([
      '2026-11-21T12:00:00.000Z',
      '2026-11-21T12:00:00.000Z',
      '2026-11-21T12:10:00.000Z',
      '2026-11-21T12:10:00.000Z',
    ]);
  });

  test('what goes on is told with its step and target', () => {
    const { operation } = statusFor({ ...withFourth(waitingPod(3)), set: setOf(4) });
    expect(operation).toMatchObject({ type: 'Join', step: 'grant-start', target: 'qdrant-a-3', attempts: 1 });
  });
});

describe('any world', () => {
  test('the status is one that the schema allows', () => {
    fc.assert(
      fc.property(anyWorld, (observation) => {
        expect(clusterStatus.safeParse(statusFor(observation)).error).toBeUndefined();
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
  });

  test('a world that does not change has an equal status, however much later', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyWorld, fc.nat({ max: 250 }), (observation, laterMs) => {
        let operation = observation.operation;
        let previous: ClusterStatus | null = null;
        let steps = 0;
        const pass = (atMs: number): ClusterStatus => {
          const seen = { ...observation, atMs, operation };
          const plan = makePlan(seen, assess(seen));
          previous = statusFor(seen, { previous });
          operation = plan.operation;
          if (plan.step !== null) steps += 1;
          return previous;
        };
        pass(startMs);
        const second = pass(startMs);
        const third = pass(startMs + laterMs);
        if (steps > 0) return;
        compared += 1;
        expect(third).toEqual(second);
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('a cluster that is Ready is Current by kstatus, and Healthy', () => {
    fc.assert(
      fc.property(anyWorld, (observation) => {
        const status = statusFor(observation);
        if (observation.wanted.pause !== null || told(status, 'Ready') !== 'Ready: AsWanted') return;
        expect(kstatus(status)).toBe('Current');
        expect(status.phase).toBe('Healthy');
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
  });
});
