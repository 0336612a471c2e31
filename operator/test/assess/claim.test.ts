import { expect, test } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import type { ClaimState } from '../../src/assess/assessment.js';
import type { Observation } from '../../src/observe/observation.js';
import {
  answerOf,
  firstClaim,
  healthy,
  members,
  nothing,
  peerAt,
  runningPod,
  silent,
  volumeLost,
  volumeOf,
  wanting,
  withPod,
  withVolume,
} from './observed-cluster.js';

const unmarked = { peer: null, bootstrapPeer: null };
const allUnmarked = (seen: Observation): Observation => ({
  ...seen,
  volumes: seen.volumes.map((volume) => ({ ...volume, ...unmarked })),
});
const consented = (seen: Observation): Observation =>
  wanting(seen, { consent: { dataLossOf: null, newClusterAfter: peerAt(0) } });
const noClaim = { claimInStatus: null, claimInRecord: null };

const cases: readonly { readonly name: string; readonly seen: Observation; readonly claim: ClaimState }[] = [
  { name: 'nothing exists', seen: nothing(3), claim: { kind: 'unclaimed' } },
  {
    name: 'every witness is there',
    seen: healthy(3),
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: [] },
  },
  {
    name: 'the status was wiped',
    seen: { ...healthy(3), claimInStatus: null },
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: ['status'] },
  },
  {
    name: 'only the record is left',
    seen: { ...allUnmarked(healthy(3)), claimInStatus: null },
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: ['status', 'volumes'] },
  },
  {
    name: 'only volumes are left: re-created over retained volumes',
    seen: { ...nothing(3), volumes: [volumeOf(0), volumeOf(1), volumeOf(2)] },
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: ['status', 'record'] },
  },
  {
    name: 'a detached volume is no witness',
    seen: { ...nothing(3), volumes: [volumeOf(2, { detached: true })] },
    claim: { kind: 'unclaimed' },
  },
  {
    name: 'one volume of three lost',
    seen: volumeLost(healthy(3), 0),
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: [] },
  },
  {
    name: 'every volume is empty',
    seen: volumeLost(healthy(3), 0, 1, 2),
    claim: { kind: 'all-volumes-lost', peer: peerAt(0) },
  },
  {
    name: 'two volumes are empty, and what is on the third was not seen yet',
    seen: withPod(volumeLost(healthy(3), 0, 1, 2), 2, { disk: { kind: 'unknown' } }),
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: ['volumes'] },
  },
  {
    name: 'two volumes are empty, and the third has no pod',
    seen: { ...volumeLost(healthy(3), 0, 1), pods: volumeLost(healthy(3), 0, 1).pods.slice(0, 2) },
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: [] },
  },
  {
    name: 'set, pods and volumes were deleted',
    seen: { ...nothing(3), claimInStatus: firstClaim, claimInRecord: firstClaim },
    claim: { kind: 'all-volumes-lost', peer: peerAt(0) },
  },
  {
    name: 'all nodes are silent on volumes that are there',
    seen: silent(healthy(3), 0, 1, 2),
    claim: { kind: 'claimed', peer: peerAt(0), ordinal: 0, missing: [] },
  },
];

test.each(cases)('$name', ({ seen, claim }) => {
  expect(assess(seen).claim).toEqual(claim);
});

test('a cluster that is begun anew stays lost until its claim is written', () => {
  const lost = volumeLost(healthy(1), 0);
  const anew: Observation = {
    ...lost,
    pods: [{ ...runningPod(0), grant: 'bootstrap', disk: { kind: 'empty' } }],
    views: [answerOf(0, '42', new Map([['42', [...members(0).values()][0]!]]), { leader: '42' })],
  };
  // Without consent a pod that answers may have the cluster's data.
  expect(assess(anew).claim.kind).toBe('claimed');
  expect(assess(consented(anew)).claim).toEqual({ kind: 'all-volumes-lost', peer: peerAt(0) });
  // The record was written and the operator died: the new cluster is claimed, what names the old one is missing.
  const written = consented({ ...anew, claimInRecord: { peer: '42', ordinal: 0, at: firstClaim.at } });
  expect(assess(written)).toMatchObject({
    claim: { kind: 'claimed', peer: '42', ordinal: 0, missing: ['status', 'volumes'] },
    twoClusters: null,
  });
});

test('a volume that was wiped in place keeps the marks of the lost cluster, and is not taken for it', () => {
  const wiped = withVolume(volumeLost(healthy(1), 0), 0, { peer: peerAt(0), bootstrapPeer: peerAt(0) });
  expect(assess(wiped).claim.kind).toBe('all-volumes-lost');
  const anew: Observation = {
    ...wiped,
    pods: [{ ...runningPod(0), disk: { kind: 'peer', peer: '42' } }],
    views: [answerOf(0, '42', new Map([['42', [...members(0).values()][0]!]]), { leader: '42' })],
  };
  expect(assess(consented(anew)).claim.kind).toBe('all-volumes-lost');
});

test('consent that was given too early changes nothing', () => {
  expect(assess(consented(healthy(3))).claim.kind).toBe('claimed');
  expect(assess({ ...consented(healthy(3)), ...noClaim }).claim.kind).toBe('claimed');
});
