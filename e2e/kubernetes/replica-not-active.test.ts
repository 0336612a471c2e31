import { afterAll, describe, expect, test } from 'vitest';
import { fault } from './harness/command.js';
import { replicasOf } from './harness/replicas.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

describe('a replica that misses writes', () => {
  const namespace = testNamespace('not-active');
  const cluster = new TestCluster(namespace);
  let frozen = false;
  const thaw = async () => {
    if (frozen) await fault(namespace, 'thaw', cluster.pod(2));
    frozen = false;
  };
  afterAll(thaw);

  const seenBy = async (ordinal: number): Promise<string[]> => {
    const { local_shards: local, remote_shards: remote } = await (
      await cluster.node(ordinal)
    ).collectionCluster('docs');
    return [...local, ...remote].map(({ state }) => state);
  };

  test('is not Healthy until it has them', async () => {
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    const first = await cluster.node(0);
    await first.call('PUT', '/collections/docs?timeout=30', {
      vectors: { size: 4, distance: 'Euclid' },
      shard_number: 3,
      replication_factor: 3,
      write_consistency_factor: 1,
    });

    await fault(namespace, 'freeze', cluster.pod(2));
    frozen = true;
    let id = 0;
    await cluster.until('the frozen node to be given up', async () => {
      await first.upsert('docs', [(id += 1)]).catch(() => undefined);
      return (await seenBy(0)).some((state) => state !== 'Active');
    });
    await cluster.until('the status to say so', async () => !(await cluster.isHealthy(3)));
    expect(await cluster.condition('Ready')).toBe('False');

    await thaw();
    await cluster.healthy(3);
    expect(await seenBy(0)).not.toContain('Dead');
    const replicas = await replicasOf(await cluster.nodes(), 'docs');
    expect(replicas.map(({ state }) => state)).toEqual(Array.from({ length: 9 }, () => 'Active'));
    for (const node of await cluster.nodes()) expect(await node.count('docs')).toBe(id);
  });
});
