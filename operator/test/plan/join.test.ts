/** Pods are added to the set, and let into the cluster one by one. */
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../src/observe/observation.js';
import {
  emptyVolume,
  healthy,
  mapAnswers,
  members,
  peerAt,
  runningPod,
  silent,
  volumeOf,
  waitingPod,
  wanting,
  withVolume,
} from '../assess/observed-cluster.js';
import { gist, planFor, setOf, stuck, testRows, withFourth } from './fault-matrix.js';

describe('pods join one at a time', () => {
  const joining = { ...waitingPod(3), grant: `join=${members(0).get(peerAt(0))}` };
  const stale = { ...waitingPod(3), grant: 'join=http://qdrant-a-9.qdrant-headless-a:6335' };
  const four = withFourth(waitingPod(3));
  const two = { ...wanting(healthy(2), { size: 4 }), set: setOf(4) };
  testRows([
    { seen: 'one waits', observation: four, does: 'Join: grant-start', replicas: 4 },
    {
      seen: 'two wait, and one is granted',
      observation: { ...two, pods: [...two.pods, { ...waitingPod(2), grant: joining.grant }, waitingPod(3)] },
      does: 'Join waits',
      replicas: 4,
    },
    { seen: 'one was granted', observation: withFourth(joining), does: 'Join waits', replicas: 4 },
    {
      seen: 'one was granted, and its image is wrong',
      observation: withFourth({ ...joining, waiting: stuck.waiting }),
      does: 'Join!PodNotStarting',
      replicas: 4,
    },
    {
      seen: 'the grant names nobody who answers any more',
      observation: withFourth(stale),
      does: 'Join: grant-start',
      replicas: 4,
    },
    {
      seen: 'its volume is of a peer that left',
      observation: withFourth(waitingPod(3), volumeOf(3, { detached: true })),
      does: 'Join: delete-volume',
      replicas: 4,
    },
    {
      seen: 'the same, and that volume is being deleted',
      observation: withFourth(waitingPod(3), volumeOf(3, { detached: true, deleting: true })),
      does: 'Join: delete-pod',
      replicas: 4,
    },
    {
      seen: 'the same, and volumes are retained',
      observation: wanting(withFourth(waitingPod(3), volumeOf(3, { detached: true })), { volumesWhenScaled: 'Retain' }),
      does: 'Join!DetachedVolume',
      replicas: 4,
    },
    {
      seen: 'the quorum is lost',
      observation: silent(four, 1, 2),
      does: 'cluster waits',
      replicas: 4,
    },
    {
      seen: 'a peer that came with a volume from elsewhere',
      observation: withFourth({ ...runningPod(3), ready: false, disk: { kind: 'peer', peer: '5' } }, emptyVolume(3)),
      does: 'Join!DetachedVolume',
      replicas: 4,
    },
  ]);

  test('the leader is named first, and only members that answer', () => {
    expect(planFor(silent(withRaftLeader(four, 1), 2)).step?.step).toMatchObject({
      grant: { kind: 'join', uris: [members(1).get(peerAt(1)), members(0).get(peerAt(0))] },
    });
  });

  test('a pod that is to go again is not let in', () => {
    expect(gist(planFor(wanting(four, { size: 3 })))).not.toContain('Join');
  });
});

function withRaftLeader(seen: Observation, ordinal: number): Observation {
  return mapAnswers(seen, (answer) => ({
    ...answer,
    cluster: { ...answer.cluster, raft: { ...answer.cluster.raft, leader: peerAt(ordinal) } },
  }));
}

describe('growing', () => {
  const three = wanting(healthy(3), { size: 5 });
  const detached = (ordinal: number) => ({
    ...three,
    volumes: [...three.volumes, volumeOf(ordinal, { detached: true })],
  });
  testRows([
    { seen: 'more are wanted', observation: three, does: 'ScaleUp: grow', replicas: 3 },
    {
      seen: 'a volume of a peer that left is in the way',
      // Scaling down is asked before, and has such volumes to delete as well.
      observation: detached(3),
      does: 'ScaleDown: delete-volume',
      replicas: 3,
    },
    {
      seen: 'it is being deleted',
      observation: withVolume(detached(3), 3, { deleting: true }),
      does: 'ScaleUp waits',
      replicas: 3,
    },
    {
      seen: 'it is retained',
      observation: wanting(detached(3), { volumesWhenScaled: 'Retain' }),
      does: 'ScaleUp!DetachedVolume',
      replicas: 3,
    },
    {
      seen: 'one further up is retained',
      observation: wanting(detached(4), { volumesWhenScaled: 'Retain' }),
      does: 'ScaleUp: grow',
      replicas: 3,
    },
  ]);

  test('up to the volume that is in the way', () => {
    const plan = planFor(wanting(detached(4), { volumesWhenScaled: 'Retain' }));
    expect(plan.step?.step).toMatchObject({ kind: 'grow', to: 4 });
  });
});
