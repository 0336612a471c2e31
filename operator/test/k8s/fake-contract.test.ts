import { expect, test } from 'vitest';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';
import { kubernetesContract } from './contract.js';

kubernetesContract('the fake one', () => {
  const clock = new VirtualClock();
  const server = new FakeApiServer(clock);
  return Promise.resolve({
    api: new FakeKubernetes(server),
    namespace: 'test',
    clusterApiVersion: 'qdrantcluster.dev/v1',
    pause: () => clock.run(200),
    close: () => Promise.resolve(),
  });
});

test('a watch from a version before the last compaction is gone', async () => {
  const server = new FakeApiServer(new VirtualClock());
  const api = new FakeKubernetes(server);
  server.create('ConfigMap', 'test', { metadata: { name: 'a' } });
  const { resourceVersion } = server.list('ConfigMap');
  server.create('ConfigMap', 'test', { metadata: { name: 'b' } });
  server.compact();
  const options = { resourceVersion, timeoutSeconds: 60 };
  const watch = api.watch('ConfigMap', options, new AbortController().signal)[Symbol.asyncIterator]();
  await expect(watch.next()).rejects.toMatchObject({ kind: 'gone' });
});

test('calls are numbered, and fail before or after their effect when they are told to', async () => {
  const server = new FakeApiServer(new VirtualClock());
  const lost = new KubernetesError('unavailable', 'lost');
  const api = new FakeKubernetes(server, {
    before: ({ number }) => {
      if (number === 1) throw lost;
    },
    after: ({ number }) => {
      if (number === 2) throw lost;
    },
  });
  await expect(api.create('ConfigMap', 'test', { metadata: { name: 'a' } })).rejects.toBe(lost);
  expect(server.get('ConfigMap', { namespace: 'test', name: 'a' })).toBeNull();
  await expect(api.create('ConfigMap', 'test', { metadata: { name: 'a' } })).rejects.toBe(lost);
  expect(server.get('ConfigMap', { namespace: 'test', name: 'a' })).not.toBeNull();
  expect(api.calls.map(({ verb, kind, name }) => `${verb} ${kind} ${name}`)).toEqual([
    'create ConfigMap a',
    'create ConfigMap a',
  ]);
});

test('controllers hear of every change in order, also of those that they make', () => {
  const server = new FakeApiServer(new VirtualClock());
  const heard: string[] = [];
  server.subscribe(({ kind, after }) => {
    if (kind !== 'Pod' || after?.['status'] !== undefined) return;
    server.update('Pod', { namespace: 'test', name: 'a' }, (pod) => (pod.status = { phase: 'Running' }));
  });
  server.subscribe(({ before, after }) => {
    heard.push(`${before === null ? 'new' : 'changed'} ${JSON.stringify(after?.['status'] ?? null)}`);
  });
  server.create('Pod', 'test', { metadata: { name: 'a' }, spec: { containers: [] } });
  expect(heard).toEqual(['new null', 'changed {"phase":"Running"}']);
});
