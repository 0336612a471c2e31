import { describe, expect, test } from 'vitest';
import { core } from './harness/api-server.js';
import { fault, kubectl } from './harness/command.js';
import { measured } from './harness/measurements.js';
import { vectorOf } from './harness/qdrant-rest.js';
import { replicasOf } from './harness/replicas.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

describe('a QdrantCluster', () => {
  const namespace = testNamespace('smoke');
  const cluster = new TestCluster(namespace);
  const ids = Array.from({ length: 200 }, (_, index) => index);

  test('that is applied becomes Healthy, and is searched through its Service', async () => {
    const started = performance.now();
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    measured('apply of three nodes to Healthy', (performance.now() - started) / 1000, 's');

    expect(await cluster.kubectl('get', 'qdrantclusters')).toMatch(/qdrant-a\s.*\bHealthy\b/);
    expect(await cluster.peers(3)).toHaveLength(3);

    const service = cluster.service();
    await service.createCollection('docs', { shards: 4, factor: 2 });
    await service.upsert('docs', ids);
    expect(await service.search('docs', vectorOf(17), 1)).toEqual([17]);
  });

  test('grows by kubectl scale, and kubectl wait returns when it has', async () => {
    const started = performance.now();
    await cluster.scale(4);
    // The condition of the size before is still there for a moment.
    await cluster.until('the new size to be worked on', async () => (await cluster.condition('Ready')) === 'False');
    await cluster.kubectl('wait', '--for=condition=Ready', 'qdrantcluster/qdrant-a', '--timeout=180s');
    await cluster.healthy(4);
    measured('three to four nodes, balanced', (performance.now() - started) / 1000, 's');

    const replicas = await replicasOf(await cluster.nodes(), 'docs');
    const peers = new Set(replicas.map(({ peer }) => peer));
    expect(peers.size).toBe(4);
    expect(replicas.every(({ state }) => state === 'Active')).toBe(true);
    expect(await cluster.service().count('docs')).toBe(ids.length);
  });

  test('is whole again after a node was killed, and after a pod was deleted', async () => {
    const peers = await cluster.peers(4);
    await fault(namespace, 'kill', cluster.pod(1));
    await cluster.until('the container to be restarted', async () => {
      const pod = await core.readNamespacedPod({ namespace, name: cluster.pod(1) });
      return pod.status?.containerStatuses?.[0]?.restartCount === 1;
    });
    await cluster.healthy(4);

    const started = performance.now();
    const before = await core.readNamespacedPod({ namespace, name: cluster.pod(2) });
    await kubectl(['--namespace', namespace, 'delete', 'pod', cluster.pod(2)]);
    await cluster.until('the pod to be replaced', async () => {
      const [pod] = (await cluster.pods()).filter(({ metadata }) => metadata?.name === cluster.pod(2));
      return pod !== undefined && pod.metadata?.uid !== before.metadata?.uid;
    });
    await cluster.healthy(4);
    measured('pod deleted to all replicas Active', (performance.now() - started) / 1000, 's');

    expect(await cluster.peers(4)).toEqual(peers);
    expect(await cluster.service().count('docs')).toBe(ids.length);
  });
});
