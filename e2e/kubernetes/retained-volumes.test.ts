import { describe, expect, test } from 'vitest';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

describe('a QdrantCluster that is deleted and applied again', () => {
  const cluster = new TestCluster(testNamespace('retained'));
  const ids = Array.from({ length: 100 }, (_, index) => index);

  test('goes on with the peers and the points of its volumes', async () => {
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    await cluster.service().createCollection('docs', { shards: 3, factor: 1 });
    await cluster.service().upsert('docs', ids);
    const peers = await cluster.peers(3);

    await cluster.remove();
    expect(await cluster.volumes()).toHaveLength(3);
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);

    expect(await cluster.peers(3)).toEqual(peers);
    expect(await cluster.service().count('docs')).toBe(ids.length);
    expect((await cluster.resource()).status?.bootstrap).toBeDefined();
  });
});
