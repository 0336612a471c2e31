import { expect, test } from 'vitest';
import { assess } from '../../src/assess/assess.js';
import type { Observation } from '../../src/observe/observation.js';
import {
  collectionsOf,
  healthy,
  mapAnswers,
  peerAt,
  silent,
  withRaft,
  withShards,
  withTransfers,
  type ShardSketch,
} from './observed-cluster.js';

const docs: ShardSketch = { collection: 'docs', shard: 0, factor: 2, on: [peerAt(0), peerAt(1)] };
const three = withShards(healthy(3), docs);

function sees(observation: Observation, ordinal: number, collections: readonly ShardSketch[] | null): Observation {
  return mapAnswers(observation, (answer) =>
    answer.pod === `qdrant-a-${ordinal}`
      ? { ...answer, collections: collections === null ? null : collectionsOf(collections, answer.cluster.peerId) }
      : answer,
  );
}

const dead: ShardSketch = { ...docs, on: [peerAt(0), [peerAt(1), 'Dead']] };

test.each([
  { name: 'all views agree', seen: three, kind: 'agreed' },
  { name: 'a minority is silent', seen: silent(three, 2), kind: 'agreed' },
  { name: 'a minority answered in part', seen: sees(three, 1, null), kind: 'agreed' },
  { name: 'the leader answered in part', seen: sees(three, 0, null), kind: 'unknown' },
  { name: 'a majority answered in part', seen: sees(sees(three, 1, null), 2, null), kind: 'unknown' },
  { name: 'a minority sees another state', seen: sees(three, 2, [dead]), kind: 'agreed' },
  { name: 'the leader alone sees another state', seen: sees(three, 0, [dead]), kind: 'unknown' },
  { name: 'a majority sees a collection that the leader does not', seen: sees(three, 0, []), kind: 'unknown' },
  { name: 'the quorum is lost', seen: silent(three, 1, 2), kind: 'unknown' },
  {
    name: 'an observer does not make a majority',
    seen: withRaft(silent(withShards(healthy(4), docs), 3, 1), 2, { isVoter: false }),
    kind: 'unknown',
  },
])('$name: $kind', ({ seen, kind }) => {
  expect(assess(seen).shardMap.kind).toBe(kind);
});

test('each replica has the count of points that its own peer tells, and the state of all', () => {
  expect(assess(silent(three, 1)).shardMap).toEqual({
    kind: 'agreed',
    shards: [
      {
        collection: 'docs',
        shard: 0,
        shardKey: null,
        replicationFactor: 2,
        replicas: [
          { peer: peerAt(0), state: 'Active', points: 100 },
          { peer: peerAt(1), state: 'Active', points: null },
        ],
      },
    ],
    transfers: [],
    resharding: false,
  });
});

test('a transfer that one node sees counts, once', () => {
  const transfer = { shard: 0, from: peerAt(0), to: peerAt(2), sync: false, comment: null };
  const { views } = withTransfers(three, 'docs', transfer);
  const one = { ...three, views: [three.views[0]!, three.views[1]!, views[2]!] };
  expect(assess(one).shardMap).toMatchObject({ transfers: [{ ...transfer, collection: 'docs' }] });
  expect(assess({ ...three, views }).shardMap).toMatchObject({ transfers: [{ ...transfer, collection: 'docs' }] });
});

test('a resharding that one node sees counts', () => {
  const one = mapAnswers(three, (answer) =>
    answer.pod === 'qdrant-a-2'
      ? { ...answer, collections: (answer.collections ?? []).map((view) => ({ ...view, resharding: true })) }
      : answer,
  );
  expect(assess(one).shardMap).toMatchObject({ kind: 'agreed', resharding: true });
});
