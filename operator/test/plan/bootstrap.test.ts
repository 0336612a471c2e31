/** A cluster is begun once, whatever happens in the middle of it. */
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../src/observe/observation.js';
import {
  answerOf,
  emptyVolume,
  firstClaim,
  healthy,
  members,
  nothing,
  peerAt,
  runningPod,
  volumeLost,
  volumeOf,
  waitingPod,
  wanting,
  withPod,
  withRaft,
} from '../assess/observed-cluster.js';
import { firstPod, planFor, setOf, stuck, testRows, unmarked } from './fault-matrix.js';

const noClaim = { claimInStatus: null, claimInRecord: null };
const granted = { grant: 'bootstrap', serving: false } as const;
const leading: Observation = {
  ...healthy(1),
  ...noClaim,
  wanted: nothing(3).wanted,
  pods: [{ ...runningPod(0), ...granted, disk: { kind: 'empty' } }],
  volumes: [emptyVolume(0)],
};

describe('a cluster is begun once', () => {
  const strayVolume = { ...firstPod, volumes: [emptyVolume(0), volumeOf(1, unmarked)] };
  const detached = { ...firstPod, volumes: [volumeOf(0, { detached: true })] };
  const ofOthers: Observation = {
    ...firstPod,
    pods: [runningPod(0)],
    volumes: [0, 1, 2].map((ordinal) => volumeOf(ordinal, unmarked)),
    views: [answerOf(0, peerAt(0), members(0, 1, 2), { leader: null })],
  };
  testRows([
    { seen: 'nothing exists', observation: nothing(3), does: 'Bootstrap waits', replicas: 1 },
    {
      seen: 'the pod is not there yet',
      observation: { ...firstPod, pods: [] },
      does: 'Bootstrap waits',
      replicas: 1,
    },
    {
      seen: 'what is on the volume is not known yet',
      observation: withPod(firstPod, 0, { disk: { kind: 'unknown' }, running: false }),
      does: 'Bootstrap waits',
      replicas: 1,
    },
    { seen: 'it waits on an empty volume', observation: firstPod, does: 'Bootstrap: grant-start', replicas: 1 },
    {
      seen: 'granted, not started',
      observation: withPod(firstPod, 0, granted),
      does: 'Bootstrap waits',
      replicas: 1,
    },
    {
      seen: 'granted, and the image is wrong',
      observation: withPod(firstPod, 0, { ...granted, ...stuck }),
      does: 'Bootstrap!PodNotStarting',
      replicas: 1,
    },
    {
      seen: 'its volume has a peer since a crash after the grant',
      observation: withPod(firstPod, 0, { disk: { kind: 'peer', peer: peerAt(0) } }),
      does: 'Bootstrap waits',
      replicas: 1,
    },
    {
      seen: 'a state, and no leader',
      observation: withRaft(leading, 0, { leader: null }),
      does: 'Bootstrap waits',
      replicas: 1,
    },
    {
      seen: 'it leads, and the claim is not written',
      observation: leading,
      does: 'Bootstrap: write-claim',
      replicas: 1,
    },
    {
      seen: 'a volume of which nobody knows what is on it',
      observation: strayVolume,
      does: 'Bootstrap!VolumesMissing',
      replicas: 1,
    },
    {
      seen: 'the volume is of a peer that left',
      observation: detached,
      does: 'Bootstrap: delete-volume',
      replicas: 1,
    },
    {
      seen: 'volumes of unknown origin whose peer names others',
      observation: ofOthers,
      does: 'Bootstrap waits',
      replicas: 3,
    },
    {
      seen: 'claimed',
      observation: { ...leading, claimInStatus: firstClaim, claimInRecord: firstClaim },
      does: 'ScaleUp: grow',
      replicas: 1,
    },
    {
      seen: 'claimed, and the record is not written',
      observation: { ...leading, claimInStatus: firstClaim },
      does: 'ScaleUp waits',
      replicas: 1,
    },
  ]);

  test('the claim names peer, ordinal and time, and the volume it is on', () => {
    expect(planFor(leading).step?.step).toEqual({
      kind: 'write-claim',
      claim: { peer: peerAt(0), ordinal: 0, at: '2026-11-21T12:00:00.000Z' },
      volumes: [{ name: 'qdrant-storage-qdrant-a-0', uid: 'volume-0/2' }],
    });
  });

  test('the set grows to its whole size at once', () => {
    const claimed = { ...leading, claimInStatus: firstClaim, claimInRecord: firstClaim };
    expect(planFor(claimed).step?.step).toEqual({ kind: 'grow', to: 3, why: '3 peers are wanted' });
  });
});

describe('a cluster that was begun is never begun again', () => {
  const retained = (...ordinals: readonly number[]): Observation => ({
    ...nothing(3),
    volumes: ordinals.map((ordinal) => volumeOf(ordinal)),
  });
  const lost = volumeLost(healthy(3), 0, 1, 2);
  const consented = wanting(lost, { consent: { dataLossOf: null, newClusterAfter: peerAt(0) } });
  const wrongConsent = wanting(lost, { consent: { dataLossOf: null, newClusterAfter: peerAt(1) } });
  testRows([
    { seen: 're-created over three volumes', observation: retained(0, 1, 2), does: 'Adopt waits', replicas: 3 },
    { seen: 'over more than are wanted', observation: retained(0, 1, 2, 3, 4), does: 'Adopt waits', replicas: 5 },
    {
      seen: 'over volumes with one in between missing',
      observation: retained(0, 2),
      does: 'Adopt!VolumesMissing',
      replicas: 0,
    },
    {
      seen: 'the same, when the set of no pods exists',
      observation: { ...retained(1, 2), set: setOf(0) },
      does: 'Adopt!VolumesMissing',
      replicas: 0,
    },
    {
      seen: 'the set was deleted, its pods go on',
      observation: { ...healthy(3), set: null },
      does: 'Adopt waits',
      replicas: 3,
    },
    { seen: 'every volume is empty', observation: lost, does: 'Bootstrap!AllVolumesLost', replicas: 3 },
    {
      seen: 'the same, with consent for another peer',
      observation: wrongConsent,
      does: 'Bootstrap!AllVolumesLost',
      replicas: 3,
    },
    { seen: 'the same, with consent', observation: consented, does: 'Bootstrap: grant-start', replicas: 3 },
    {
      seen: 'consented, granted, not started',
      observation: withPod(consented, 0, granted),
      does: 'Bootstrap waits',
      replicas: 3,
    },
    {
      seen: 'everything was deleted but the claim',
      observation: { ...nothing(3), claimInStatus: firstClaim },
      does: 'Bootstrap!AllVolumesLost',
      replicas: 1,
    },
  ]);

  test('consent lets one pod begin, and no other', () => {
    expect(planFor(consented).step?.step).toMatchObject({ pod: { name: 'qdrant-a-0' }, grant: { kind: 'bootstrap' } });
  });

  test('the new cluster is claimed in place of the lost one', () => {
    const anew: Observation = {
      ...consented,
      pods: [{ ...runningPod(0), grant: 'bootstrap', disk: { kind: 'empty' } }, waitingPod(1), waitingPod(2)],
      views: [answerOf(0, '42', new Map([['42', [...members(0).values()][0]!]]), { leader: '42' })],
    };
    expect(planFor(anew).step?.step).toMatchObject({ kind: 'write-claim', claim: { peer: '42', ordinal: 0 } });
  });
});
