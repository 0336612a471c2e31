import { describe, expect, test } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import type { Assessment } from '../../src/assess/assessment.js';
import { ordinalOfUri } from '../../src/assess/members.js';
import type { Observation } from '../../src/observe/observation.js';
import {
  answerOf,
  healthy,
  members,
  nothing,
  peerAt,
  runningPod,
  silent,
  volumeOf,
  waitingPod,
  wantedCluster,
  withMembers,
  withPod,
  withRaft,
  withVolume,
} from './observed-cluster.js';

interface Case {
  readonly name: string;
  readonly seen: Observation;
  readonly quorum: Partial<Assessment['quorum']>;
  readonly leader: string | null;
  readonly peers: number;
}

/** A pod that was let in a moment ago: the others know it, it does not answer yet. */
function joiningSilently(size: number): Observation {
  const all = healthy(size);
  const last = size - 1;
  return withVolume(withPod(silent(all, last), last, { disk: { kind: 'empty' }, grant: 'join=http://x:6335' }), last, {
    peer: null,
    bootstrapPeer: null,
  });
}

const cases: readonly Case[] = [
  { name: 'no pod', seen: nothing(3), quorum: { available: false, settling: false }, leader: null, peers: 0 },
  { name: 'all answer', seen: healthy(3), quorum: { available: true }, leader: peerAt(0), peers: 3 },
  {
    name: 'one of three silent',
    seen: silent(healthy(3), 2),
    quorum: { available: true },
    leader: peerAt(0),
    peers: 3,
  },
  {
    name: 'two of three silent, and the third still believes to lead',
    seen: silent(healthy(3), 1, 2),
    quorum: { available: false, settling: false },
    leader: null,
    peers: 3,
  },
  {
    name: 'the leader is silent',
    seen: silent(healthy(3), 0),
    quorum: { available: false, settling: false },
    leader: null,
    peers: 3,
  },
  {
    name: 'nobody leads',
    seen: [0, 1, 2].reduce((seen, ordinal) => withRaft(seen, ordinal, { leader: null }), healthy(3)),
    quorum: { available: false, settling: false },
    leader: null,
    peers: 3,
  },
  {
    name: 'consensus of one has stopped',
    seen: withRaft(healthy(3), 2, { consensusWorks: false }),
    quorum: { available: true },
    leader: peerAt(0),
    peers: 3,
  },
  {
    name: 'consensus of two has stopped',
    seen: withRaft(withRaft(healthy(3), 2, { consensusWorks: false }), 1, { consensusWorks: false }),
    quorum: { available: false },
    leader: null,
    peers: 3,
  },
  {
    name: 'a removed peer sees itself alone, and says that it leads',
    seen: withRaft(
      withMembers(withMembers(withMembers(healthy(3), 0, members(0, 1)), 1, members(0, 1)), 2, members(2)),
      2,
      {
        leader: peerAt(2),
        consensusWorks: false,
      },
    ),
    quorum: { available: true },
    leader: peerAt(0),
    peers: 2,
  },
  {
    name: 'a peer that is cut off names a member that was removed',
    seen: withRaft(withMembers(withMembers(healthy(3), 0, members(0, 1)), 1, members(0, 1)), 2, {
      leader: null,
      term: 9,
    }),
    quorum: { available: true },
    leader: peerAt(0),
    peers: 2,
  },
  {
    name: 'the followers have not heard of a new member yet',
    seen: withMembers(withMembers(silent(healthy(3), 2), 1, members(0, 1)), 0, members(0, 1, 2)),
    quorum: { available: false, settling: true },
    leader: peerAt(0),
    peers: 3,
  },
  {
    name: 'a second peer was let in and does not answer yet',
    seen: joiningSilently(2),
    quorum: { available: false, settling: true },
    leader: peerAt(0),
    peers: 2,
  },
  {
    name: 'an observer does not count',
    seen: withRaft(silent(healthy(4), 3), 2, { isVoter: false }),
    quorum: { available: true },
    leader: peerAt(0),
    peers: 4,
  },
  {
    name: 'an old leader of an earlier term still says that it leads',
    seen: withRaft(
      withRaft(withRaft(healthy(3), 1, { leader: peerAt(1), term: 4 }), 2, { leader: peerAt(1), term: 4 }),
      0,
      {
        leader: peerAt(0),
        term: 3,
      },
    ),
    quorum: { available: true },
    leader: peerAt(1),
    peers: 3,
  },
  {
    name: 'the pods were replaced since they answered',
    seen: withPod(withPod(healthy(3), 1, { uid: 'new-1' }), 2, { uid: 'new-2' }),
    quorum: { available: false },
    leader: null,
    peers: 3,
  },
];

test.each(cases)('$name', ({ seen, quorum, leader, peers }) => {
  const assessment = assess(seen);
  expect(assessment.quorum).toMatchObject(quorum);
  expect(assessment.leader).toBe(leader);
  expect(assessment.peers).toHaveLength(peers);
  expect(assessment.twoClusters).toBeNull();
});

test('what is missing of a quorum is told by the names of pods', () => {
  expect(assess(silent(healthy(3), 1, 2)).quorum.why).toBe(
    '1 of 3 voters follow the leader, and 2 are needed. No answer as a peer from qdrant-a-1, qdrant-a-2.',
  );
});

test('two groups that lead themselves and know nothing of each other are two clusters', () => {
  const split = withRaft(withMembers(healthy(3), 2, members(2)), 2, { leader: peerAt(2) });
  const apart = withMembers(withMembers(split, 0, members(0, 1)), 1, members(0, 1));
  expect(assess(apart).twoClusters).toContain('The pods form 2 clusters');
});

test('a node that knows nobody yet is no second cluster', () => {
  const young = withRaft(withMembers(healthy(3), 2, new Map()), 2, { leader: null, commit: 0 });
  const apart = withMembers(withMembers(young, 0, members(0, 1)), 1, members(0, 1));
  expect(assess(apart)).toMatchObject({ twoClusters: null, quorum: { available: true } });
});

test('volumes that name different first peers are of two clusters', () => {
  const mixed = withVolume(healthy(3), 2, { bootstrapPeer: '77' });
  expect(assess(mixed).twoClusters).toContain('77');
});

describe('pods on their way in', () => {
  const three = healthy(3);
  const grant = `join=${[...members(0).values()].join(',')}`;
  const two: Observation = {
    ...healthy(2),
    wanted: wantedCluster(3),
    set: { uid: 'set', replicas: 3, updateRevision: 'r1' },
    volumes: [...healthy(2).volumes, volumeOf(2, { peer: null, bootstrapPeer: null })],
  };

  test('one with an empty volume and no grant waits', () => {
    const assessment = assess({ ...two, pods: [...two.pods, waitingPod(2)] });
    expect(assessment.waitingPods.map((pod) => pod.name)).toEqual(['qdrant-a-2']);
    expect(assessment.joiningPods).toEqual([]);
  });

  test('one with a grant that does not answer joins', () => {
    const assessment = assess({ ...two, pods: [...two.pods, { ...waitingPod(2), grant }] });
    expect(assessment.joiningPods.map((pod) => pod.name)).toEqual(['qdrant-a-2']);
  });

  const granted = withVolume(withPod(three, 2, { grant, disk: { kind: 'empty' } }), 2, {
    peer: null,
    bootstrapPeer: null,
  });
  test.each([
    { name: 'a learner', seen: withRaft(granted, 2, { isVoter: false }), joins: true },
    { name: 'a voter far behind', seen: withRaft(granted, 2, { commit: 3 }), joins: true },
    { name: 'a voter that knows what the leader knows', seen: granted, joins: false },
    { name: 'silent, not marked', seen: silent(granted, 2), joins: true },
    {
      name: 'silent, marked as the member',
      seen: withVolume(silent(granted, 2), 2, { peer: peerAt(2) }),
      joins: false,
    },
    { name: 'silent, marked as an earlier peer', seen: withVolume(silent(granted, 2), 2, { peer: '5' }), joins: true },
  ])('granted: $name', ({ seen, joins }) => {
    expect(assess(seen).joiningPods).toHaveLength(joins ? 1 : 0);
  });

  const removed: Observation = {
    ...two,
    pods: [...two.pods, { ...runningPod(2), grant, disk: { kind: 'empty' } }],
    views: [...two.views, answerOf(2, peerAt(2), members(2), { leader: peerAt(2), consensusWorks: false })],
  };
  test('a peer that was removed is a stranger, and does not join', () => {
    const assessment = assess(removed);
    expect(assessment.strangers.map(({ peer }) => peer)).toEqual([peerAt(2)]);
    expect(assessment.joiningPods).toEqual([]);
  });

  test('without a quorum nobody is called a stranger', () => {
    expect(assess(silent(removed, 0)).strangers).toEqual([]);
  });
});

test.each([
  ['http://qdrant-a-2.qdrant-headless-a:6335', 2],
  ['https://qdrant-a-12.qdrant-headless-a:6335/', 12],
  ['http://qdrant-a-02.qdrant-headless-a:6335', null],
  ['http://qdrant-a-2.qdrant-headless-b:6335', null],
  ['http://qdrant-a-x.qdrant-headless-a:6335', null],
  ['http://qdrant-ab-2.qdrant-headless-a:6335', null],
  ['http://10.0.0.1:6335', null],
  ['', null],
])('the address %s is of ordinal %s', (uri, ordinal) => {
  expect(ordinalOfUri(wantedCluster(3), uri)).toBe(ordinal);
});
