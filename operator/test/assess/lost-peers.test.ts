import { expect, test } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import type { Observation } from '../../src/observe/observation.js';
import {
  healthy,
  peerAt,
  silent,
  startMs,
  volumeLost,
  withPod,
  withShards,
  withVolume,
  type ShardSketch,
} from './observed-cluster.js';

const crashed = { ready: false, running: false, notReadySinceMs: startMs - 3_600_000 };
const crashLoop = { ...crashed, waiting: { reason: 'CrashLoopBackOff', message: 'out of memory' } };

const cases: readonly { readonly name: string; readonly seen: Observation; readonly lost: readonly number[] }[] = [
  { name: 'all is well', seen: healthy(3), lost: [] },
  { name: 'pod and volume deleted', seen: volumeLost(healthy(3), 2), lost: [2] },
  { name: 'pod and volume of ordinal 0 deleted, another leads', seen: led(volumeLost(healthy(3), 0)), lost: [0] },
  { name: 'a node that is silent', seen: silent(healthy(3), 2), lost: [] },
  {
    name: 'a pod that crashes on a volume with its peer',
    seen: withPod(silent(healthy(3), 2), 2, crashLoop),
    lost: [],
  },
  {
    name: 'a pod whose Kubernetes node is gone',
    seen: withPod(silent(healthy(3), 2), 2, { ...crashed, kubernetesNodeReady: false }),
    lost: [],
  },
  {
    name: 'a pod that was not seen to have anything yet',
    seen: withPod(volumeLost(healthy(3), 2), 2, { disk: { kind: 'unknown' } }),
    lost: [],
  },
  {
    name: 'a pod that was empty, joined and is silent now',
    seen: withPod(silent(healthy(3), 2), 2, { disk: { kind: 'empty' }, grant: 'join=http://x:6335' }),
    lost: [],
  },
  {
    name: 'a pod that came up with the volume of an unknown peer',
    seen: withPod(silent(healthy(3), 2), 2, { disk: { kind: 'peer', peer: '5' } }),
    lost: [2],
  },
  {
    name: 'a pod that came up with the volume of another member',
    seen: withPod(silent(healthy(3), 2), 2, { disk: { kind: 'peer', peer: peerAt(1) } }),
    lost: [],
  },
  {
    name: 'a claim without its volume, for a long time',
    seen: withVolume(withPod(silent(healthy(3), 2), 2, crashed), 2, { lost: true }),
    lost: [2],
  },
  {
    name: 'a claim without its volume, for a moment',
    seen: withVolume(withPod(silent(healthy(3), 2), 2, { ...crashed, notReadySinceMs: startMs - 1000 }), 2, {
      lost: true,
    }),
    lost: [],
  },
];

function led(seen: Observation): Observation {
  const views = seen.views.map((view) =>
    view.kind === 'answered'
      ? { ...view, cluster: { ...view.cluster, raft: { ...view.cluster.raft, leader: peerAt(1) } } }
      : view,
  );
  return { ...seen, views };
}

test.each(cases)('$name', ({ seen, lost }) => {
  expect(assess(seen).lostPeers.map(({ ordinal }) => ordinal)).toEqual(lost);
});

test('a lost peer tells what it held, and who else has it and answers', () => {
  const docs: ShardSketch = { collection: 'docs', shard: 0, on: [peerAt(0), peerAt(1), peerAt(2), peerAt(3)] };
  const alone: ShardSketch = { collection: 'docs', shard: 1, on: [peerAt(2)] };
  const recovering: ShardSketch = { collection: 'docs', shard: 2, on: [[peerAt(0), 'Partial'], peerAt(2)] };
  const elsewhere: ShardSketch = { collection: 'docs', shard: 3, on: [peerAt(0)] };
  const five = withShards(silent(volumeLost(healthy(5), 2), 3), docs, alone, recovering, elsewhere);
  const lost = assess(five).lostPeers[0];
  // Peer 3 is Active in everybody's view, and nobody knows whether it lives.
  expect(lost?.shards?.map(({ shard, activeElsewhere }) => [shard.shard, activeElsewhere])).toEqual([
    [0, [peerAt(0), peerAt(1)]],
    [1, []],
    [2, []],
  ]);
});

const onBoth: ShardSketch = { collection: 'docs', shard: 0, on: [peerAt(0), peerAt(1)] };

test('without an agreed map it is not known what a lost peer held', () => {
  expect(assess(volumeLost(withShards(healthy(2), onBoth), 1)).lostPeers).toMatchObject([
    { peer: peerAt(1), shards: null },
  ]);
});

test.each([
  { of: 3, lost: [2], beyondReturn: false },
  { of: 3, lost: [1, 2], beyondReturn: true },
  { of: 2, lost: [1], beyondReturn: true },
  { of: 5, lost: [3, 4], beyondReturn: false },
])('$of voters without the volumes of $lost: beyond return is $beyondReturn', ({ of, lost, beyondReturn }) => {
  expect(assess(volumeLost(withShards(healthy(of), onBoth), ...lost)).quorum.beyondReturn).toBe(beyondReturn);
});
