import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutChartOperator } from './harness/chart-operator.js';
import { LocalOperator } from './harness/local-operator.js';
import { measured } from './harness/measurements.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

const windowMs = 60_000;

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
    // What the last steps were about is written down by then.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const from = operator.gate.calls.length;
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    const calls = operator.gate.calls
      .slice(from)
      .filter(({ path, query }) => !path.includes('/leases') && !query.includes('watch='));
    measured('calls of an idle cluster', calls.length / (windowMs / 60_000), 'calls/min');
    measured('memory of the operator', await operator.memoryMb(), 'MB');

    expect(calls.map(({ method, path }) => `${method} ${path}`).slice(2)).toEqual([]);
    expect(operator.forbidden).toEqual([]);
  });
});
