import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../harness/waiting.js';
import type { ApiCall } from './harness/api-gate.js';
import { withoutChartOperator } from './harness/chart-operator.js';
import { LocalOperator } from './harness/local-operator.js';
import { measured } from './harness/measurements.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

const windowMs = 60_000;
const quietMs = 3000;

/** Neither a watch nor the Lease, which there are without any cluster. */
function isOfAPass({ path, query }: ApiCall): boolean {
  return !path.includes('/leases') && !query.includes('watch=');
}

describe('a cluster at rest', () => {
  withoutChartOperator();
  const cluster = new TestCluster(testNamespace('idle'));
  let operator: LocalOperator;

  beforeAll(async () => {
    operator = await LocalOperator.prepare('idle');
    await operator.start();
  });
  afterAll(() => operator.close());

  test('costs the API server next to nothing', async () => {
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    const calls = () => operator.gate.calls.filter(isOfAPass);
    await waitUntil(() => performance.now() - (calls().at(-1)?.atMs ?? 0) > quietMs, {
      what: 'the last writes about the creation',
      deadlineMs: 60_000,
      pollMs: 100,
    });
    const before = calls().length;
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    const idle = calls().slice(before);
    measured('calls of an idle cluster', idle.length / (windowMs / 60_000), 'calls/min');
    measured('memory of the operator', await operator.memoryMb(), 'MB');

    expect(idle.map(({ method, path }) => `${method} ${path}`).slice(2)).toEqual([]);
    expect(operator.forbidden).toEqual([]);
  });
});
