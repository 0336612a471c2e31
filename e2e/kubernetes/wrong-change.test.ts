import { describe, expect, test } from 'vitest';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

/** Of an image that no registry has. */
const missing = { image: { repository: 'vdb.local/misspelt', pullPolicy: 'Never' } };

describe('a wrong change is taken back by applying the old manifest', () => {
  const cluster = new TestCluster(testNamespace('wrong-change'));

  const waitsForItsImage = async (ordinal: number): Promise<boolean> => {
    const pod = (await cluster.pods()).find(({ metadata }) => metadata?.name === cluster.pod(ordinal));
    const states = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
    return states.some(({ state }) => state?.waiting?.reason?.startsWith('ErrImage') === true);
  };

  test('while the cluster begins', async () => {
    await cluster.apply({ size: 3, ...missing });
    await cluster.until('the first pod to miss its image', () => waitsForItsImage(0));
    await cluster.until('the status to say so', async () => (await cluster.condition('Stalled')) === 'True');

    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    expect(await cluster.peers(3)).toHaveLength(3);
  });

  test('while it serves, and a pod was replaced meanwhile', async () => {
    const peers = await cluster.peers(3);
    await cluster.apply({ size: 3, ...missing });
    await cluster.until('the pods to be named that run an older template', async () => {
      return (await cluster.condition('RolloutPending')) === 'True';
    });
    expect(await cluster.isHealthy(3)).toBe(true);
    await cluster.kubectl('delete', 'pod', cluster.pod(2), '--wait=false');
    await cluster.until('the replaced pod to miss its image', () => waitsForItsImage(2));

    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    expect(await cluster.peers(3)).toEqual(peers);
  });
});
