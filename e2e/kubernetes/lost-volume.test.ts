import { describe, expect, test } from 'vitest';
import { core } from './harness/api-server.js';
import { measured } from './harness/measurements.js';
import { pointsByShard, replicasOf } from './harness/replicas.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

describe('the first node loses its volume', () => {
  const namespace = testNamespace('lost-volume');
  const cluster = new TestCluster(namespace);
  const ids = Array.from({ length: 300 }, (_, index) => index);

  test('the others stay one cluster, take it in anew, and its replicas come back', async () => {
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    const service = cluster.service();
    await service.createCollection('docs', { shards: 3, factor: 2 });
    await service.upsert('docs', ids);
    const before = await cluster.peers(3);
    const lost = String((await (await cluster.node(0)).cluster()).peer_id);
    const volume = await core.readNamespacedPersistentVolumeClaim({ namespace, name: cluster.volume(0) });

    const started = performance.now();
    // The claim goes once no pod uses it, so both are asked for before either is waited for.
    await cluster.kubectl('delete', 'pvc', cluster.volume(0), '--wait=false');
    await cluster.kubectl('delete', 'pod', cluster.pod(0), '--wait=false');
    await cluster.until('a new volume for the first pod', async () => {
      const [found] = (await cluster.volumes()).filter(({ metadata }) => metadata?.name === cluster.volume(0));
      return found !== undefined && found.metadata?.uid !== volume.metadata?.uid;
    });
    await cluster.until('the first pod to be a peer again', async () => {
      const views = await cluster.views().catch(() => []);
      return views.length === 3 && views.every(({ peers }) => !(lost in peers) && Object.keys(peers).length === 3);
    });
    await cluster.healthy(3);
    measured('volume lost to all replicas Active', (performance.now() - started) / 1000, 's');

    const after = await cluster.peers(3);
    expect(after.filter((peer) => before.includes(peer))).toEqual(before.filter((peer) => peer !== lost));
    const counts = pointsByShard(await replicasOf(await cluster.nodes(), 'docs'));
    for (const [shard, points] of counts) expect(points, `replicas of shard ${shard}`).toHaveLength(2);
    for (const points of counts.values()) expect(new Set(points).size).toBe(1);
    for (const node of await cluster.nodes()) expect(await node.count('docs')).toBe(ids.length);
  });
});
