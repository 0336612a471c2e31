import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../harness/waiting.js';
import { isStatusWrite, type ApiCall } from './harness/api-gate.js';
import { coordination } from './harness/api-server.js';
import { withoutChartOperator } from './harness/chart-operator.js';
import { LocalOperator } from './harness/local-operator.js';
import { releaseNamespace } from './harness/settings.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

/** The intent of a step that takes something away, in the status. */
const intentPattern = /"step":\s*"(drop-replica|remove-peer|delete-volume|delete-pod|shrink)"/;

const isIntent = (call: ApiCall): boolean => isStatusWrite(call) && intentPattern.test(call.body);

async function leader(): Promise<string | undefined> {
  const { items } = await coordination.listNamespacedLease({ namespace: releaseNamespace });
  return items[0]?.spec?.holderIdentity;
}

describe('a leader that is frozen between its intent and the call', () => {
  withoutChartOperator();
  const cluster = new TestCluster(testNamespace('frozen'));
  const operators: LocalOperator[] = [];
  let first: LocalOperator;
  let second: LocalOperator;

  beforeAll(async () => {
    first = await LocalOperator.prepare('first');
    second = await LocalOperator.prepare('second');
    operators.push(first, second);
  });
  afterAll(() => Promise.all(operators.map((operator) => operator.close())));

  test('sends nothing once it is thawed and another leads', async () => {
    await first.start();
    await cluster.apply({ size: 3 });
    await cluster.healthy(3);
    await cluster.service().createCollection('docs', { shards: 2, factor: 1 });
    await cluster.healthy(3);
    const peers = await cluster.peers(3);

    const firstIntent = first.gate.hold(isIntent);
    // The second may lead and look, but none of its own intents is answered: what happens is the first one's doing.
    const secondIntent = second.gate.hold(isIntent);
    await cluster.scale(2);
    await firstIntent.reached();
    first.freeze();
    await second.start();
    await waitUntil(async () => (await leader()) === 'second', {
      what: 'the second operator to lead',
      deadlineMs: 60_000,
      pollMs: 250,
    });
    firstIntent.release();
    first.thaw();
    // It sees by its clock that its time is over, gives up and ends.
    await first.ended();

    expect(await cluster.peers(3)).toEqual(peers);
    expect(await cluster.pods()).toHaveLength(3);

    secondIntent.release();
    await cluster.healthy(2);
    expect(await cluster.peers(2)).toHaveLength(2);
  });
});
