import { afterAll, describe, expect, test } from 'vitest';
import { AcknowledgedWrites } from './harness/acknowledged-writes.js';
import { pointsByShard, replicasOf } from './harness/replicas.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

describe('a cluster that grows and shrinks while it is written to', () => {
  const namespace = testNamespace('scale');
  const cluster = new TestCluster(namespace);
  let writes: AcknowledgedWrites | null = null;
  afterAll(() => writes?.stop());

  test('loses no write that was acknowledged, and its replicas are equal in the end', async () => {
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    const service = cluster.service();
    await service.createCollection('docs', { shards: 6, factor: 2 });
    writes = new AcknowledgedWrites(service, 'docs', 0);

    await cluster.scale(4);
    await cluster.healthy(4);
    const grown = await replicasOf(await cluster.nodes(), 'docs');
    expect(new Set(grown.map(({ peer }) => peer)).size).toBe(4);

    const leaving = String((await (await cluster.node(3)).cluster()).peer_id);
    await cluster.scale(3);
    await cluster.healthy(3);
    expect(await cluster.peers(3)).not.toContain(leaving);

    expect(await writes.lost()).toEqual([]);
    expect(writes.acknowledged).toBeGreaterThan(100);
    const shards = pointsByShard(await replicasOf(await cluster.nodes(), 'docs'));
    expect(shards.size).toBe(6);
    for (const [shard, points] of shards) {
      expect(points, `replicas of shard ${shard}`).toHaveLength(2);
      expect(new Set(points).size, `counts of shard ${shard}: ${points.join()}`).toBe(1);
    }
    for (const node of await cluster.nodes()) expect(await node.count('docs')).toBe(writes.acknowledged);
  });

  test('keeps no volume of a node that left', async () => {
    await cluster.until('the fourth volume to be gone', async () => (await cluster.volumes()).length === 3);
    expect((await cluster.volumes()).map(({ metadata }) => metadata?.name).sort()).toEqual(
      [0, 1, 2].map((ordinal) => cluster.volume(ordinal)),
    );
  });
});
