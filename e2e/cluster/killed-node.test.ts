import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Background } from '../harness/background.js';
import { ClusterCollection, pointOf, type StoredPoint } from '../harness/cluster-collection.js';
import { TestCluster } from '../harness/test-cluster.js';

const points = 10_000;
const batch = 100;
const deadlineMs = 90_000;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start();
});

afterAll(async () => {
  await cluster.dispose();
});

describe('a node that is killed under load and comes back', () => {
  it.each([1, 0])(
    'node %i: no read fails, nothing is lost, and its replicas are whole again',
    { timeout: deadlineMs },
    async (victim) => {
      const collection = new ClusterCollection(`killed-${victim}`);
      const survivors = cluster.nodes.filter(({ index }) => index !== victim);
      const [writer, reader] = survivors as [(typeof survivors)[0], (typeof survivors)[0]];
      await collection.create(writer, { shards: 3, factor: 2 });
      const first = Array.from({ length: batch }, (_, id) => pointOf(id));
      expect(await collection.upsert(writer, first)).toBe(200);

      const reads = new Background(async (round) => {
        const id = round % batch;
        const found = await reader.result('POST', `${collection.path}/points`, { ids: [id] });
        expect(found).toMatchObject([{ id }]);
      });
      const acknowledged: StoredPoint[] = [...first];
      for (let start = batch; start < points; start += batch) {
        if (start === 2_000) await cluster.node(victim).kill();
        if (start === 6_000) await cluster.node(victim).start();
        const some = Array.from({ length: batch }, (_, offset) => pointOf(start + offset));
        // A client tries again what was not acknowledged.
        for (let tries = 0; ; tries += 1) {
          const status = await collection.upsert(writer, some, start % 200 === 0 ? '' : '?wait=true');
          if (status === 200) break;
          expect(tries, `status ${status} of points from ${start}`).toBeLessThan(5);
        }
        acknowledged.push(...some);
      }
      await cluster.allActive(collection.name, deadlineMs);
      expect(await reads.stop()).toBeGreaterThan(10);
      for (const node of cluster.nodes) {
        expect(await collection.count(node), `node ${node.index}`).toBe(points);
        expect(await collection.points(node), `node ${node.index}`).toEqual(acknowledged);
      }
    },
  );
});
