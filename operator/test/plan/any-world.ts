/** Worlds as fast-check makes them: mostly healthy clusters in which several things are wrong at once. */
import fc from 'fast-check';
import type { Observation, ObservedPod, ObservedVolume } from '../../src/observe/observation.js';
import type { ReplicaState } from '../../src/qdrant/qdrant-api.js';
import {
  emptyVolume,
  firstClaim,
  healthy,
  mapAnswers,
  members,
  peerAt,
  runningPod,
  silent,
  startMs,
  volumeLost,
  waitingPod,
  wanting,
  withMembers,
  withPod,
  withRaft,
  withShards,
  withTransfers,
  withVolume,
} from '../assess/observed-cluster.js';

type Change = (seen: Observation) => Observation;

const ordinal = fc.nat({ max: 4 });
const peer = fc.oneof(ordinal.map(peerAt), fc.constant('5'));
const state = fc.constantFrom<ReplicaState>('Active', 'Active', 'Active', 'Dead', 'Partial', 'Recovery');

const shard = fc.record({
  collection: fc.constantFrom('docs', 'logs'),
  shard: fc.nat({ max: 3 }),
  factor: fc.integer({ min: 1, max: 3 }),
  on: fc.uniqueArray(fc.tuple(ordinal.map(peerAt), state), { minLength: 1, maxLength: 3, selector: ([id]) => id }),
});
const shards = fc.uniqueArray(shard, {
  maxLength: 5,
  selector: ({ collection, shard: number }) => `${collection}/${number}`,
});

const grant = fc.constantFrom(null, 'bootstrap', `join=${members(0).get(peerAt(0)) ?? ''}`, 'join=http://nobody:6335');

const podChange = fc.record<Partial<ObservedPod>>(
  {
    ready: fc.boolean(),
    deleting: fc.boolean(),
    running: fc.boolean(),
    disk: fc.oneof(
      fc.constant({ kind: 'unknown' } as const),
      fc.constant({ kind: 'empty' } as const),
      peer.map((id) => ({ kind: 'peer', peer: id }) as const),
    ),
    grant,
    serving: fc.boolean(),
    revision: fc.constantFrom('r0', 'r1'),
    notReadySinceMs: fc.constantFrom(null, startMs - 1000, startMs - 3_600_000),
    waiting: fc.constantFrom(null, { reason: 'CrashLoopBackOff', message: 'it ends' }),
  },
  { requiredKeys: [] },
);

const volumeChange = fc.record<Partial<ObservedVolume>>(
  {
    lost: fc.boolean(),
    deleting: fc.boolean(),
    bootstrapPeer: fc.constantFrom(null, peerAt(0)),
    peer: fc.oneof(fc.constant(null), peer),
    detached: fc.boolean(),
  },
  { requiredKeys: [] },
);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(ordinal, podChange).map(
    ([at, of]): Change =>
      (seen) =>
        withPod(seen, at, of),
  ),
  fc.tuple(ordinal, volumeChange).map(
    ([at, of]): Change =>
      (seen) =>
        withVolume(seen, at, of),
  ),
  ordinal.map(
    (at): Change =>
      (seen) =>
        silent(seen, at),
  ),
  ordinal.map(
    (at): Change =>
      (seen) =>
        volumeLost(seen, at),
  ),
  ordinal.map(
    (at): Change =>
      (seen) =>
        withPod(seen, at, waitingPod(at)),
  ),
  fc.tuple(ordinal, fc.boolean()).map(
    ([at, isVoter]): Change =>
      (seen) =>
        withRaft(seen, at, { isVoter }),
  ),
  ordinal.map(
    (at): Change =>
      (seen) =>
        withRaft(seen, at, { consensusWorks: false, leader: peerAt(at) }),
  ),
  // A pod that was added and waits to be let in.
  fc.constant<Change>((seen) => {
    const at = seen.pods.length;
    const { set } = seen;
    if (set?.replicas !== at) return seen;
    return {
      ...seen,
      set: { ...set, replicas: at + 1 },
      pods: [...seen.pods, waitingPod(at)],
      volumes: [...seen.volumes, emptyVolume(at)],
    };
  }),
  ordinal.map(
    (gone): Change =>
      (seen) =>
        [0, 1, 2, 3, 4]
          .filter((at) => at !== gone)
          .reduce((inner, at) => withMembers(inner, at, without(seen, gone)), withMembers(seen, gone, members(gone))),
  ),
  ordinal.map(
    (at): Change =>
      (seen) =>
        mapAnswers(seen, (answer) => (answer.pod === `qdrant-a-${at}` ? { ...answer, collections: null } : answer)),
  ),
  fc.tuple(ordinal, ordinal, fc.boolean()).map(
    ([from, to, sync]): Change =>
      (seen) =>
        withTransfers(seen, 'docs', { shard: 0, from: peerAt(from), to: peerAt(to), sync, comment: null }),
  ),
  fc.constantFrom<Change>(
    (seen) => ({ ...seen, claimInStatus: null }),
    (seen) => ({ ...seen, claimInRecord: null }),
    (seen) => ({ ...seen, set: null }),
    (seen) => wanting(seen, { pause: 'by a test' }),
    (seen) => wanting(seen, { volumesWhenScaled: 'Retain' }),
    (seen) => wanting(seen, { consent: { dataLossOf: peerAt(1), newClusterAfter: null } }),
    (seen) => wanting(seen, { consent: { dataLossOf: null, newClusterAfter: peerAt(0) } }),
    (seen) => ({ ...seen, claimInStatus: firstClaim, pods: [...seen.pods.slice(0, 4), runningPod(4)] }),
  ),
);

function without(seen: Observation, gone: number): ReturnType<typeof members> {
  return members(...seen.pods.map((pod) => pod.ordinal).filter((at) => at !== gone));
}

export const anyWorld: fc.Arbitrary<Observation> = fc
  .record({
    pods: fc.integer({ min: 1, max: 5 }),
    size: fc.integer({ min: 1, max: 5 }),
    held: shards,
    changes: fc.array(change, { maxLength: 5 }),
  })
  .map(({ pods, size, held, changes }) => {
    const present = new Set(Array.from({ length: pods }, (_, at) => peerAt(at)));
    const own = held.map((sketch) => ({
      ...sketch,
      on: sketch.on.filter(([id]) => present.has(id)),
    }));
    const begun = withShards(wanting(healthy(pods), { size }), ...own.filter((sketch) => sketch.on.length > 0));
    return changes.reduce((seen, apply) => apply(seen), begun);
  });
