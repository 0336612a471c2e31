/** What stops everything, what goes on beside it, and what disturbs nothing. */
import { describe, expect, test } from 'vitest';
import type { Observation, OperationRecord } from '../../src/observe/observation.js';
import {
  answerOf,
  healthy,
  mapAnswers,
  members,
  peerAt,
  runningPod,
  silent,
  startMs,
  volumeLost,
  volumeOf,
  waitingPod,
  wanting,
  withMembers,
  withPod,
  withRaft,
  withShards,
  withVolume,
} from '../assess/observed-cluster.js';
import {
  docs,
  firstPod,
  gist,
  onlyOnLost,
  planFor,
  setOf,
  stuck,
  testRows,
  unmarked,
  withFourth,
} from './fault-matrix.js';

describe('pods that do not run', () => {
  const older = { ...stuck, revision: 'r0' } as const;
  const threeStuck = withPod(silent(healthy(3), 2), 2, older);
  testRows([
    {
      seen: 'one cannot start from an old template',
      observation: threeStuck,
      does: 'TakeBack: delete-pod, cluster!PodNotStarting',
      replicas: 3,
    },
    {
      seen: 'one cannot start from the present template',
      observation: withPod(silent(healthy(3), 2), 2, stuck),
      does: 'cluster!PodNotStarting',
      replicas: 3,
    },
    {
      seen: 'one crashes from an old template, and answers just now',
      observation: withPod(healthy(3), 2, older),
      does: 'cluster!PodNotStarting',
      replicas: 3,
    },
    {
      seen: 'one runs from an old template',
      observation: withPod(healthy(3), 2, { revision: 'r0' }),
      does: 'nothing',
      replicas: 3,
    },
    {
      seen: 'two cannot start from an old template, and one of them is going',
      observation: withPod(withPod(silent(healthy(3), 1, 2), 1, { ...older, deleting: true }), 2, older),
      does: 'cluster waits, cluster!PodNotStarting',
      replicas: 3,
    },
    {
      seen: 'all cannot start from an old template: without a quorum too',
      observation: [0, 1, 2].reduce((seen, at) => withPod(seen, at, older), silent(healthy(3), 0, 1, 2)),
      does: 'TakeBack: delete-pod, cluster!PodNotStarting',
      replicas: 3,
    },
    {
      seen: 'the first pod of a new cluster cannot start from an old template',
      observation: withPod(firstPod, 0, older),
      does: 'TakeBack: delete-pod, cluster!PodNotStarting',
      replicas: 1,
    },
    { seen: 'one is silent', observation: silent(healthy(3), 2), does: 'nothing', replicas: 3 },
  ]);
});

describe('what stops everything', () => {
  const lost = withShards(volumeLost(healthy(3), 2), docs);
  const split = withRaft(withMembers(healthy(3), 2, members(2)), 2, { leader: peerAt(2) });
  const two = withMembers(withMembers(split, 0, members(0, 1)), 1, members(0, 1));
  testRows([
    { seen: 'paused', observation: wanting(lost, { pause: 'by ann: tests' }), does: 'cluster!Paused', replicas: 3 },
    { seen: 'two clusters', observation: two, does: 'cluster!TwoClusters', replicas: 3 },
    { seen: 'two of three silent', observation: silent(healthy(3), 1, 2), does: 'cluster waits', replicas: 3 },
  ]);

  test('not even marks are written', () => {
    expect(planFor(wanting({ ...lost, claimInStatus: null }, { pause: 'by ann' })).quietSteps).toEqual([]);
    expect(planFor({ ...two, claimInStatus: null }).quietSteps).toEqual([]);
  });
});

describe('a block holds back only what it makes unsafe', () => {
  const unique = withShards(volumeLost(healthy(4), 2), onlyOnLost);
  test('while a person decides about a lost peer, nodes are added and none leaves', () => {
    expect(gist(planFor(wanting(unique, { size: 5 })))).toBe('ScaleUp: grow, DeadPeer!NoActiveReplica');
    expect(gist(planFor(wanting(unique, { size: 3 })))).toBe('DeadPeer!NoActiveReplica');
  });

  test('nodes are added before shards are copied, which takes long, and while others join', () => {
    const lacking = withShards(healthy(3), { ...docs, on: [peerAt(0)] });
    expect(gist(planFor(lacking))).toBe('Repair: replicate-shard');
    expect(gist(planFor(wanting(lacking, { size: 5 })))).toBe('ScaleUp: grow');
    expect(gist(planFor(wanting(withFourth(waitingPod(3)), { size: 5 })))).toBe('ScaleUp: grow');
  });

  test('shards are copied while a volume in the way of more nodes is being deleted', () => {
    const lacking = withShards(healthy(3), { ...docs, on: [peerAt(0)] });
    const inTheWay = volumeOf(3, { peer: '5', detached: true, deleting: true });
    const growing = { ...wanting(lacking, { size: 4 }), volumes: [...lacking.volumes, inTheWay] };
    expect(gist(planFor(growing))).toBe('Repair: replicate-shard');
  });

  test('a scale-down that cannot be does not keep a lost peer from being replaced', () => {
    const wide = withShards(volumeLost(healthy(4), 2), { ...docs, factor: 3 });
    expect(gist(planFor(wanting(wide, { size: 2 })))).toBe('DeadPeer: drop-replica');
  });
});

describe('quiet steps', () => {
  const kinds = (observation: Observation): readonly string[] =>
    planFor(observation).quietSteps.map((step) =>
      step.kind === 'set-serving' ? `serving ${step.serving}: ${step.pod.name}` : step.kind,
    );
  const two = wanting(healthy(2), { size: 3 });
  const removed: Observation = {
    ...two,
    set: setOf(3),
    pods: [...two.pods, runningPod(2)],
    volumes: [...two.volumes, volumeOf(2)],
    views: [...two.views, answerOf(2, peerAt(2), members(2), { leader: peerAt(2), consensusWorks: false })],
  };
  test.each([
    { seen: 'all is well', observation: healthy(3), quiet: [] },
    { seen: 'the status was wiped', observation: { ...healthy(3), claimInStatus: null }, quiet: ['write-claim'] },
    { seen: 'a member is not marked', observation: withVolume(healthy(3), 1, unmarked), quiet: ['label-volume'] },
    {
      seen: 'a learner is not marked',
      observation: withRaft(withVolume(healthy(3), 1, unmarked), 1, { isVoter: false }),
      quiet: [],
    },
    {
      seen: 'the first pod is claimed and does not serve yet',
      observation: withPod(healthy(3), 0, { serving: false }),
      quiet: ['serving true: qdrant-a-0'],
    },
    {
      seen: 'the same, and the status does not have the claim yet',
      observation: withPod({ ...healthy(3), claimInStatus: null }, 0, { serving: false }),
      quiet: ['write-claim'],
    },
    {
      seen: 'a pod above the wanted size was taken out of the Service',
      observation: wanting(withPod(healthy(3), 2, { serving: false }), { size: 2 }),
      quiet: [],
    },
    {
      seen: 'a removed peer still answers',
      observation: removed,
      quiet: ['detach-volume', 'serving false: qdrant-a-2'],
    },
    {
      seen: 'a volume without a pod, whose peer left',
      observation: { ...two, volumes: [...two.volumes, volumeOf(2)] },
      quiet: ['detach-volume'],
    },
    {
      seen: 'the same, with a member at its address',
      observation: {
        ...healthy(3),
        pods: healthy(3).pods.slice(0, 2),
        volumes: [...two.volumes, volumeOf(2, { peer: '5' })],
      },
      quiet: [],
    },
    {
      seen: 'a pod waits on a volume that was wiped in place',
      observation: { ...two, pods: [...two.pods, waitingPod(2)], volumes: [...two.volumes, volumeOf(2)] },
      quiet: [],
    },
    { seen: 'the quorum is lost', observation: silent(withVolume(healthy(3), 0, unmarked), 1, 2), quiet: [] },
    {
      seen: 'the first pod was replaced before the claim was written',
      observation: withPod(firstPod, 0, { disk: { kind: 'peer', peer: peerAt(0) } }),
      quiet: ['serving false: qdrant-a-0'],
    },
  ])('$seen: $quiet', ({ observation, quiet }) => {
    expect(kinds(observation)).toEqual(quiet);
  });
});

test.each([
  { seen: 'all is well', observation: withShards(healthy(3), docs), allowed: true, lookAgainMs: 10_000 },
  {
    seen: 'a replica is not Active',
    observation: withShards(healthy(3), { ...docs, on: [peerAt(0), [peerAt(2), 'Partial']] }),
    allowed: false,
    lookAgainMs: 1000,
  },
  {
    seen: 'a pod is not ready',
    observation: withPod(healthy(3), 1, { ready: false }),
    allowed: false,
    lookAgainMs: 1000,
  },
  { seen: 'a node is silent', observation: silent(healthy(3), 1), allowed: false, lookAgainMs: 1000 },
  { seen: 'a pod joins', observation: withFourth(waitingPod(3)), allowed: false, lookAgainMs: 500 },
  { seen: 'the set grows', observation: wanting(healthy(3), { size: 4 }), allowed: false, lookAgainMs: 500 },
  { seen: 'it is not begun', observation: firstPod, allowed: false, lookAgainMs: 500 },
])('$seen: pods may be evicted: $allowed, look again in $lookAgainMs ms', ({ observation, allowed, lookAgainMs }) => {
  expect(planFor(observation)).toMatchObject({ disruptionAllowed: allowed, lookAgainMs });
});

test('a wait keeps the time at which it began', () => {
  const joining = withFourth({ ...waitingPod(3), grant: `join=${members(0).get(peerAt(0))}` });
  const first = planFor(joining);
  const second = planFor({ ...joining, atMs: startMs + 5000, operation: first.operation });
  expect(first.operation).toMatchObject({ type: 'Join', step: 'wait', startedAtMs: startMs, attempts: 0 });
  expect(second.operation).toEqual(first.operation);
});

describe('while nobody can tell what became of it', () => {
  const copy = { type: 'Repair', step: 'replicate-shard', target: 'docs/0 from 101 to 102', attempts: 3 } as const;
  const operation: OperationRecord = {
    ...{ ...copy, startedAtMs: startMs - 60_000, procedureSinceMs: startMs - 600_000 },
    ...{ progress: null, leaseTransitions: 1, message: '' },
  };
  const elected = [0, 1, 2].reduce((seen, at) => withRaft(seen, at, { leader: null }), withShards(healthy(3), docs));
  const disagreeing = mapAnswers(withShards(healthy(3), docs), (answer) =>
    answer.cluster.peerId === peerAt(0) ? { ...answer, collections: [] } : answer,
  );

  test('the attempts of a transfer count on', () => {
    expect(planFor({ ...elected, operation }).operation).toEqual(operation);
    expect(planFor({ ...disagreeing, operation }).operation).toEqual(operation);
    expect(planFor({ ...withShards(healthy(3), docs), operation }).operation).toBeNull();
  });

  test('a peer is not taken to have been empty all the time', () => {
    const mark: OperationRecord = { ...operation, type: 'ScaleDown', step: 'confirm-empty', target: peerAt(2) };
    expect(planFor({ ...elected, operation: mark }).operation).toBeNull();
  });
});

test('a step that is taken again counts its attempts', () => {
  const waiting = withFourth(waitingPod(3));
  const first = planFor(waiting);
  const second = planFor({ ...waiting, atMs: startMs + 500, operation: first.operation });
  expect(first.operation).toMatchObject({ type: 'Join', step: 'grant-start', target: 'qdrant-a-3', attempts: 1 });
  expect(second.operation).toMatchObject({ attempts: 2, procedureSinceMs: startMs, startedAtMs: startMs + 500 });
});
