import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../harness/waiting.js';
import { isLeaseWrite, isStatusWrite, type ApiCall } from './harness/api-gate.js';
import { coordination } from './harness/api-server.js';
import { withoutChartOperator } from './harness/chart-operator.js';
import { LocalOperator } from './harness/local-operator.js';
import { releaseNamespace } from './harness/settings.js';
import { TestCluster } from './harness/test-cluster.js';
import { testNamespace } from './harness/test-namespace.js';

/** The intent of a step that takes something away, in the status. */
const intentPattern = /"step":\s*"(drop-replica|remove-peer|delete-volume|delete-pod|shrink)"/;

const isIntent = (call: ApiCall): boolean => isStatusWrite(call) && intentPattern.test(call.body);

const takesOutOfService = ({ method, path, body }: ApiCall): boolean =>
  method === 'PATCH' && path.includes('/pods/') && body.includes('/serving"');

/** An emptied peer is removed when it is still empty 10 s later. */
const renewsAfterDrainMs = 8000;

/** A lead of 15 s then lasts less than twice the 5 s of a call; it is given up 10 s after a renewal in any case. */
const tooLongSinceRenewalMs = 5500;

async function untilLeading({ identity }: LocalOperator): Promise<void> {
  const leads = async () => {
    const { items } = await coordination.listNamespacedLease({ namespace: releaseNamespace });
    return items[0]?.spec?.holderIdentity === identity;
  };
  await waitUntil(leads, { what: `operator ${identity} to lead`, deadlineMs: 60_000, pollMs: 250 });
}

describe('a leader that is held up between its intent and the call', () => {
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

  test('sends nothing once it was frozen, another leads, and it is thawed', async () => {
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
    await untilLeading(second);
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

  test('sends nothing when its lead lasts only a little longer', async () => {
    second.kill();
    await second.ended();
    await first.start();
    await untilLeading(first);
    const peers = await cluster.peers(2);

    // It can't renew from shortly before its intent on.
    let drainedAtMs = Infinity;
    let cutOff = false;
    first.gate.allows = (call) => {
      if (takesOutOfService(call)) drainedAtMs = performance.now();
      cutOff ||= isIntent(call) || performance.now() - drainedAtMs > renewsAfterDrainMs;
      return !(cutOff && isLeaseWrite(call));
    };
    const intent = first.gate.hold(isIntent);
    await cluster.scale(1);
    // On a machine that is very busy its lead may end even before.
    await waitUntil(() => intent.isReached() || !first.running, { what: 'its intent', deadlineMs: 120_000 });
    const renewals = first.gate.calls.filter((call) => isLeaseWrite(call) && call.status === 200);
    await waitUntil(() => performance.now() - (renewals.at(-1)?.atMs ?? 0) > tooLongSinceRenewalMs, {
      what: 'the lead to be too short for a call',
    });
    intent.release();
    await first.ended();

    expect(await cluster.peers(2)).toEqual(peers);
    expect(await cluster.pods()).toHaveLength(2);

    await second.start();
    await cluster.healthy(1);
    expect(await cluster.peers(1)).toHaveLength(1);
  });
});
