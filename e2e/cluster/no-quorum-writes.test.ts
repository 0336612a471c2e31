import { afterEach, describe, expect, it } from 'vitest';
import { ClusterCollection, pointOf } from '../harness/cluster-collection.js';
import { TestCluster } from '../harness/test-cluster.js';

let cluster: TestCluster | null = null;

afterEach(async () => {
  await cluster?.dispose();
  cluster = null;
});

describe('writes while two of three nodes are down', () => {
  it.each([0, 2])(
    'to node %i: what was acknowledged is on all replicas when the others are back, also after a restart',
    { timeout: 120_000 },
    async (survivor) => {
      cluster = await TestCluster.start();
      const collection = new ClusterCollection('alone');
      const alone = cluster.node(survivor);
      const others = cluster.nodes.filter((node) => node !== alone);
      await collection.create(alone, { shards: 2, factor: 3 });
      const before = Array.from({ length: 50 }, (_, id) => pointOf(id));
      expect(await collection.upsert(alone, before)).toBe(200);
      await Promise.all(others.map((node) => node.kill()));

      const changed = Array.from({ length: 50 }, (_, id) => pointOf(id, 1));
      expect(await collection.upsert(alone, changed, '')).toBe(200);
      const waiting = await alone.call('PUT', `${collection.path}/points?wait=true&timeout=2`, {
        points: [pointOf(1000)],
      });
      expect(waiting.status).toBe(500);
      expect(waiting.text).toContain('Consistency of this update is not guaranteed');
      // What was acknowledged can be read here at once or a moment later.
      expect(await collection.count(alone)).toBeGreaterThanOrEqual(50);

      await alone.kill();
      await alone.start();
      await Promise.all(others.map((node) => node.start()));
      await cluster.formed();
      await cluster.allActive(collection.name, 60_000);
      for (const node of cluster.nodes) {
        const found = await collection.points(node);
        expect(
          found.filter(({ id }) => id < 50),
          `node ${node.index}`,
        ).toEqual(changed);
        expect(found, `node ${node.index}`).toEqual(await collection.points(alone));
      }
    },
  );

  it(
    'fail with medium and strong ordering where the leader of the shard is down, and with a factor that cannot be met',
    { timeout: 60_000 },
    async () => {
      cluster = await TestCluster.start();
      const collection = new ClusterCollection('ordered');
      await collection.create(cluster.node(0), { shards: 1, factor: 3, writeConsistency: 2 });
      const ids = await Promise.all(cluster.nodes.map((node) => node.peerId()));
      const lowest = cluster.node(ids.indexOf(Math.min(...ids)));
      await Promise.all(cluster.nodes.filter((node) => node !== lowest).map((node) => node.kill()));
      for (const query of ['?ordering=medium&timeout=2', '?ordering=strong&timeout=2', '?timeout=2']) {
        expect([408, 500], query).toContain(await collection.upsert(lowest, [pointOf(1)], query));
      }
    },
  );
});
