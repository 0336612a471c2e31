import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Operator, type OperatorEnd } from '../../src/controller/operator.js';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes, type FakeCall, type Interceptor } from '../world/fake-kubernetes/fake-kubernetes.js';
import { FakeQdrant } from '../world/fake-qdrant/fake-qdrant.js';
import { VirtualClock } from '../world/virtual-clock.js';

const lease = { namespace: 'operators', name: 'qdrant-operator.qdrantcluster.dev' };
const set = { namespace: 'ns', name: 'qdrant-a' };

let clock: VirtualClock;
let server: FakeApiServer;
const running: Started[] = [];

interface Started {
  readonly operator: Operator;
  readonly kubernetes: FakeKubernetes;
  readonly stop: () => void;
  end: OperatorEnd | null;
}

beforeEach(() => {
  clock = new VirtualClock();
  server = new FakeApiServer(clock);
});

afterEach(async () => {
  for (const started of running) started.stop();
  await clock.runUntil(() => running.every(({ end }) => end !== null), 120_000);
  running.length = 0;
});

function start(identity: string, interceptor: Interceptor = {}, namespaces: readonly string[] = []): Started {
  const kubernetes = new FakeKubernetes(server, interceptor);
  const operator = new Operator(
    { kubernetes, nodes: new FakeQdrant(clock), clock, random: () => 0.5, logger: pino({ level: 'silent' }) },
    {
      ...{ identity, watchNamespaces: namespaces, group: 'qdrantcluster.dev', nodeImage: 'registry.example/node' },
      ...{ leaseNamespace: lease.namespace, concurrency: 4 },
    },
  );
  const abort = new AbortController();
  const started: Started = { operator, kubernetes, stop: () => abort.abort(), end: null };
  running.push(started);
  operator.run(abort.signal).then(
    (end) => (started.end = end),
    (error: unknown) => (started.end = { kind: 'lead-lost', why: String(error) }),
  );
  return started;
}

function wants(name: string, namespace = 'ns'): void {
  server.create('QdrantCluster', namespace, {
    apiVersion: 'qdrantcluster.dev/v1',
    kind: 'QdrantCluster',
    metadata: { name },
    spec: { version: '0.1.0', size: 1 },
  });
}

function until(condition: () => boolean, withinMs = 60_000): Promise<boolean> {
  return clock.runUntil(condition, withinMs);
}

function isWrite({ verb, kind }: FakeCall): boolean {
  return kind !== 'Lease' && !['get', 'list', 'watch'].includes(verb);
}

test('clusters that are there, and those that come, get their objects', async () => {
  wants('a');
  const { operator } = start('one');
  expect(await until(() => server.get('StatefulSet', set) !== null)).toBe(true);
  wants('b');
  expect(await until(() => server.get('StatefulSet', { namespace: 'ns', name: 'qdrant-b' }) !== null)).toBe(true);
  expect(operator.healthProblems()).toEqual([]);
  expect(operator.readinessProblems()).toEqual([]);
  const metrics = await operator.metrics.text();
  expect(metrics).toContain('qdrant_operator_leader 1');
  expect(metrics).toContain('qdrant_operator_clusters{phase="Creating"} 2');
});

test('an object that somebody deletes or changes comes back without being asked for', async () => {
  wants('a');
  start('one');
  const service = { namespace: 'ns', name: 'qdrant-headless-a' };
  expect(await until(() => server.get('QdrantCluster', { namespace: 'ns', name: 'a' })?.status !== undefined)).toBe(
    true,
  );
  const before = server.get('Service', service)?.metadata?.uid;
  server.delete('Service', service, {});
  expect(await until(() => ![undefined, before].includes(server.get('Service', service)?.metadata?.uid))).toBe(true);
});

test('a cluster at rest costs no requests but watches', async () => {
  wants('a');
  const { kubernetes } = start('one');
  await clock.run(30_000);
  const before = kubernetes.calls.length;
  await clock.run(120_000);
  const calls = kubernetes.calls.slice(before).filter(({ kind, verb }) => kind !== 'Lease' && verb !== 'watch');
  expect(calls.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([]);
});

test('only namespaces that are watched are looked at', async () => {
  wants('a');
  wants('a', 'other');
  const { kubernetes } = start('one', {}, ['ns']);
  expect(await until(() => server.get('StatefulSet', set) !== null)).toBe(true);
  await clock.run(5000);
  expect(server.get('StatefulSet', { namespace: 'other', name: 'qdrant-a' })).toBeNull();
  expect(kubernetes.calls.filter(({ kind, namespace }) => kind !== 'Node' && namespace === null)).toEqual([]);
});

test('without the right to read Kubernetes nodes everything else works', async () => {
  wants('a');
  start('one', {
    before: ({ kind }) => {
      if (kind === 'Node') throw new KubernetesError('forbidden', 'nodes is forbidden');
    },
  });
  expect(await until(() => server.get('StatefulSet', set) !== null)).toBe(true);
});

test('one of two operators works; the other takes over when the first is stopped', async () => {
  wants('a');
  const first = start('one');
  expect(await until(() => server.get('StatefulSet', set) !== null)).toBe(true);
  const second = start('two');
  await clock.run(30_000);
  expect(second.kubernetes.calls.filter(({ kind }) => kind !== 'Lease')).toEqual([]);
  expect(second.operator.readinessProblems()).toEqual([]);
  first.stop();
  expect(await until(() => first.end !== null)).toBe(true);
  expect(first.end).toEqual({ kind: 'stopped' });
  wants('b');
  expect(await until(() => server.get('StatefulSet', { namespace: 'ns', name: 'qdrant-b' }) !== null, 10_000)).toBe(
    true,
  );
  expect(server.get('Lease', lease)?.spec?.holderIdentity).toBe('two');
});

test('an operator that cannot renew its Lease writes nothing more, and ends', async () => {
  let away = false;
  const first = start('one', {
    before: ({ kind }) => {
      if (away && kind === 'Lease') throw new KubernetesError('unavailable', 'away');
    },
  });
  wants('a');
  expect(await until(() => server.get('StatefulSet', set) !== null)).toBe(true);
  away = true;
  expect(await until(() => first.end !== null, 30_000)).toBe(true);
  expect(first.end).toMatchObject({ kind: 'lead-lost' });
  const before = first.kubernetes.calls.length;
  wants('b');
  await clock.run(60_000);
  expect(first.kubernetes.calls.slice(before).filter(isWrite)).toEqual([]);
  expect(first.operator.readinessProblems()).not.toEqual([]);
});

test('a pass that its leader was frozen in does not go on when it wakes', async () => {
  let frozen = true;
  const held: { release?: () => void } = {};
  const first = start('one', {
    // The first write of a pass is held back until long after the Lease ran out, as in a process that was stopped.
    after: async ({ kind, verb }) => {
      if (frozen && kind === 'Service' && verb === 'get')
        await new Promise<void>((resolve) => (held.release = resolve));
    },
    before: ({ kind }) => {
      if (held.release !== undefined && frozen && kind === 'Lease') throw new KubernetesError('unavailable', 'frozen');
    },
  });
  wants('a');
  expect(await until(() => held.release !== undefined)).toBe(true);
  const second = start('two');
  expect(await until(() => server.get('StatefulSet', set) !== null)).toBe(true);
  expect(second.kubernetes.calls.some(isWrite)).toBe(true);
  frozen = false;
  held.release?.();
  expect(await until(() => first.end !== null)).toBe(true);
  expect(first.kubernetes.calls.filter(isWrite)).toEqual([]);
});
