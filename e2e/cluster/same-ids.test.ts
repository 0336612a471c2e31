import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../node/test/faults/seeded-random.js';
import { Background } from '../harness/background.js';
import { ClusterCollection, pointOf, vectorOf } from '../harness/cluster-collection.js';
import { TestCluster } from '../harness/test-cluster.js';

const ids = 100;
const loadMs = 10_000;
const orderings = ['weak', 'medium', 'strong'] as const;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start();
});

afterAll(async () => {
  await cluster.dispose();
});

describe('three coordinators that write the same ids', () => {
  it('leave all replicas equal, whatever the ordering', { timeout: 60_000 }, async () => {
    const collection = new ClusterCollection('same-ids');
    await collection.create(cluster.node(0), { shards: 2, factor: 3 });
    const writers = cluster.nodes.flatMap((node) =>
      orderings.map((ordering, index) => {
        const random = seededRandom(node.index * orderings.length + index);
        return new Background(async (round) => {
          const id = randomBelow(random, ids);
          const query = `?ordering=${ordering}&wait=${randomBelow(random, 2) === 0}`;
          const [method, path, body] = ((): [string, string, object] => {
            switch (randomBelow(random, 5)) {
              case 0:
                return ['POST', 'points/delete', { points: [id] }];
              case 1:
                return ['POST', 'points/payload', { payload: { touched: round, by: node.index }, points: [id] }];
              case 2:
                return ['PUT', 'points/vectors', { points: [{ id, vector: vectorOf(id, round) }] }];
              case 3:
                return ['POST', 'points/delete', { filter: { must: [{ key: 'round', match: { value: round - 1 } }] } }];
              default:
                return ['PUT', 'points', { points: [pointOf(id, round), pointOf((id + 1) % ids, round)] }];
            }
          })();
          const reply = await node.call(method, `${collection.path}/${path}${query}`, body);
          // Points that are not there cannot be changed; that is an answer like any other.
          expect([200, 404], reply.text).toContain(reply.status);
        });
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, loadMs));
    const rounds = await Promise.all(writers.map((writer) => writer.stop()));
    expect(Math.min(...rounds)).toBeGreaterThan(10);
    await cluster.allActive(collection.name);
    // A write that is sequenced after all others has been applied when it answers.
    expect(await collection.upsert(cluster.node(0), [pointOf(ids), pointOf(ids + 1), pointOf(ids + 2)])).toBe(200);
    const [first, ...others] = await Promise.all(cluster.nodes.map((node) => collection.points(node)));
    for (const other of others) expect(other).toEqual(first);
    expect(first?.length).toBeGreaterThan(3);
  });
});
