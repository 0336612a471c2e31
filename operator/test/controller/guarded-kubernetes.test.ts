import { expect, test } from 'vitest';
import { GuardedKubernetes } from '../../src/controller/guarded-kubernetes.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

const map = { namespace: 'ns', name: 'a' };
const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } } as const;

async function everyCall(kubernetes: GuardedKubernetes): Promise<string[]> {
  const failures: string[] = [];
  const tried = async (call: () => Promise<unknown>): Promise<void> => {
    await call().catch((error: unknown) => failures.push(error instanceof Error ? error.message : ''));
  };
  await tried(() => kubernetes.create('ConfigMap', 'ns', { metadata: { name: 'a' } }));
  const live = await kubernetes.get('ConfigMap', map);
  await tried(() => kubernetes.replace('ConfigMap', map, live ?? {}));
  await tried(() => kubernetes.apply(manifest, 'ns'));
  await tried(() => kubernetes.patchMetadata('ConfigMap', map, { labels: { x: 'y' } }, {}));
  await tried(() => kubernetes.delete('ConfigMap', map, {}));
  const { resourceVersion } = await kubernetes.list('ConfigMap', {});
  await tried(() => kubernetes.applyStatus(map, {}, {}));
  const abort = new AbortController();
  for await (const event of kubernetes.watch('ConfigMap', { resourceVersion, timeoutSeconds: 1 }, abort.signal)) {
    expect(event.kind).toBeDefined();
    break;
  }
  return failures;
}

test('every call is seen under the verb that a Role would name', async () => {
  const clock = new VirtualClock();
  const fake = new FakeKubernetes(new FakeApiServer(clock));
  const seen: string[] = [];
  const calls = everyCall(new GuardedKubernetes(fake, (verb, kind) => seen.push(`${verb} ${kind}`)));
  await clock.runUntil(() => false, 1000);
  await calls;
  expect(seen).toEqual(fake.calls.map(({ verb, kind }) => `${verb} ${kind}`));
  expect(new Set(seen.map((line) => line.split(' ')[0])).size).toBe(7);
});

test('a call that is refused is not sent', async () => {
  const fake = new FakeKubernetes(new FakeApiServer(new VirtualClock()));
  const guarded = new GuardedKubernetes(fake, (verb) => {
    if (verb === 'patch') throw new Error('no');
  });
  await expect(guarded.apply(manifest, 'ns')).rejects.toThrow('no');
  await expect(guarded.patchMetadata('ConfigMap', map, {}, {})).rejects.toThrow('no');
  await expect(guarded.applyStatus(map, {}, {})).rejects.toThrow('no');
  expect(fake.calls).toEqual([]);
});
