import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isWrite } from './harness/api-gate.js';
import { withoutChartOperator } from './harness/chart-operator.js';
import { LocalOperator } from './harness/local-operator.js';
import { replicasOf } from './harness/replicas.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

/** Each life of the operator gets so many writes through, the last of them without hearing that it did. */
const writesOfALife = 4;

describe('an operator that is killed all the time', () => {
  withoutChartOperator();
  const cluster = new TestCluster(testNamespace('killed'));
  const ids = Array.from({ length: 100 }, (_, index) => index);
  let operator: LocalOperator;
  let deaths = 0;
  let restarting: NodeJS.Timeout | null = null;

  beforeAll(async () => {
    operator = await LocalOperator.prepare('killed');
    let writes = 0;
    operator.gate.allows = (call) => {
      if (!isWrite(call)) return true;
      writes += 1;
      if (writes % writesOfALife !== 0) return true;
      deaths += 1;
      operator.kill();
      return true;
    };
    await operator.start();
    // As Kubernetes does with the container: whenever it is gone, it is started.
    restarting = setInterval(() => {
      if (!operator.running) void operator.start();
    }, 200);
  });
  afterAll(async () => {
    if (restarting !== null) clearInterval(restarting);
    await operator.close();
  });

  test('still forms one cluster', async () => {
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    expect(await cluster.peers(3)).toHaveLength(3);
    expect(deaths).toBeGreaterThan(3);
    await cluster.service().createCollection('docs', { shards: 3, factor: 2 });
    await cluster.service().upsert('docs', ids);
  });

  test('still grows it', async () => {
    deaths = 0;
    await cluster.scale(4);
    await cluster.healthy(4);
    expect(await cluster.peers(4)).toHaveLength(4);
    expect(deaths).toBeGreaterThan(0);
  });

  test('still shrinks it without a loss', async () => {
    deaths = 0;
    await cluster.scale(3);
    await cluster.healthy(3);
    expect(await cluster.peers(3)).toHaveLength(3);
    expect(deaths).toBeGreaterThan(0);
    for (const node of await cluster.nodes()) expect(await node.count('docs')).toBe(ids.length);
  });

  test('still replaces a lost volume', async () => {
    deaths = 0;
    const lost = String((await (await cluster.node(1)).cluster()).peer_id);
    await cluster.kubectl('delete', 'pvc', cluster.volume(1), '--wait=false');
    await cluster.kubectl('delete', 'pod', cluster.pod(1), '--wait=false');
    await cluster.until('the lost peer to be gone', async () => {
      const views = await cluster.views().catch(() => []);
      return views.length === 3 && views.every(({ peers }) => !(lost in peers) && Object.keys(peers).length === 3);
    });
    await cluster.healthy(3);
    expect(deaths).toBeGreaterThan(0);
    const replicas = await replicasOf(await cluster.nodes(), 'docs');
    expect(replicas.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'Active'));
    for (const node of await cluster.nodes()) expect(await node.count('docs')).toBe(ids.length);
  });

  test('was never forbidden anything', () => {
    expect(operator.forbidden).toEqual([]);
  });
});
