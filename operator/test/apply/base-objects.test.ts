import { beforeEach, expect, test } from 'vitest';
import type { V1ObjectMeta } from '@kubernetes/client-node';
import { namesOf } from '../../src/api/group.js';
import {
  applyBaseObjects,
  baseKinds,
  onlyIfUnchanged,
  type BaseResult,
  type LiveObject,
} from '../../src/apply/base-objects.js';
import { LeaseTooShort } from '../../src/apply/fence.js';
import type { Manifest } from '../../src/k8s/kubernetes-api.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

const names = namesOf('qdrantcluster.dev');
const namespace = 'ns';
const cluster = { namespace, name: 'a', uid: 'cluster-uid' };

function metadata(name: string, owner = cluster): V1ObjectMeta & { name: string } {
  return {
    name,
    namespace,
    labels: { [names.labels.cluster]: 'a' },
    ownerReferences: [
      { apiVersion: names.apiVersion, kind: 'QdrantCluster', name: owner.name, uid: owner.uid, controller: true },
    ],
  };
}

function service(name: string, port = 6333): Manifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: metadata(name), spec: { ports: [{ name: 'http', port }] } };
}

function settings(name: string): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name), data: { 'config.yaml': name } };
}

function set(replicas: number): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata('qdrant-a'),
    spec: { replicas, serviceName: 'qdrant-headless-a', selector: { matchLabels: {} }, template: {} },
  };
}

let kubernetes: FakeKubernetes;

beforeEach(() => {
  kubernetes = new FakeKubernetes(new FakeApiServer(new VirtualClock()));
});

/** What a cache that is up to date has of the cluster. */
async function live(): Promise<LiveObject[]> {
  const labelSelector = `${names.labels.cluster}=a`;
  const found: LiveObject[] = [];
  for (const kind of baseKinds) {
    const { items } = await kubernetes.list(kind, { namespace, labelSelector });
    for (const object of items) found.push({ kind, object } as LiveObject);
  }
  return found;
}

async function run(
  wanted: readonly Manifest[],
  more: { needed?: readonly string[]; seen?: readonly LiveObject[]; remainingMs?: number } = {},
): Promise<BaseResult & { readonly requests: readonly string[] }> {
  const seen = more.seen ?? (await live());
  const before = kubernetes.calls.length;
  const result = await applyBaseObjects({
    kubernetes,
    fence: { remainingMs: () => more.remainingMs ?? 10_000, transitions: 1 },
    cluster,
    wanted,
    live: seen,
    neededConfigMaps: new Set(more.needed ?? []),
  });
  const requests = kubernetes.calls.slice(before).map(({ verb, kind, name }) => `${verb} ${kind} ${name ?? ''}`);
  return { ...result, requests };
}

test('what is missing is made, in the order given, and a second run asks for nothing', async () => {
  const wanted = [service('qdrant-headless-a'), settings('qdrant-a-config-1'), set(1)];
  const first = await run(wanted);
  expect(first.changes).toEqual([
    'applied Service qdrant-headless-a',
    'applied ConfigMap qdrant-a-config-1',
    'applied StatefulSet qdrant-a',
  ]);
  const second = await run(wanted);
  expect(second).toEqual({ problems: [], changes: [], waiting: false, requests: [] });
});

test('an object that was changed by hand, or is wanted otherwise, is applied again', async () => {
  await run([service('qdrant-a'), service('qdrant-b')]);
  await kubernetes.apply({ ...service('qdrant-a', 7777) }, namespace);
  const again = await run([service('qdrant-a'), service('qdrant-b', 6444)]);
  expect(again.requests).toEqual(['patch Service qdrant-a', 'patch Service qdrant-b']);
  expect((await kubernetes.get('Service', { namespace, name: 'qdrant-a' }))?.spec?.ports?.[0]?.port).toBe(6333);
});

test('an object of somebody else is left as it is, and the others are applied', async () => {
  const theirs = service('qdrant-a', 80);
  await kubernetes.create('Service', namespace, {
    ...theirs,
    metadata: {
      name: 'qdrant-a',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Shop', name: 'shop', uid: 'shop-uid', controller: true }],
    },
  } as never);
  const result = await run([service('qdrant-a'), set(1)]);
  expect(result.problems).toEqual([
    {
      reason: 'NameTaken',
      message: 'The Service qdrant-a belongs to the Shop shop. Rename or delete one of the two.',
    },
  ]);
  expect(result.changes).toEqual(['applied StatefulSet qdrant-a']);
  expect((await kubernetes.get('Service', { namespace, name: 'qdrant-a' }))?.spec?.ports?.[0]?.port).toBe(80);
});

test('what a deleted cluster of the same name left behind is waited for, not taken', async () => {
  const left = { ...service('qdrant-a'), metadata: metadata('qdrant-a', { ...cluster, uid: 'older-uid' }) };
  const seen: LiveObject[] = [{ kind: 'Service', object: left as never }];
  const result = await run([service('qdrant-a')], { seen });
  expect(result).toMatchObject({ problems: [], changes: [], waiting: true, requests: [] });
});

test('settings go when neither the set nor a pod nor the claim needs them; Services and the budget at once', async () => {
  const old = [settings('qdrant-a-config-1'), settings('qdrant-a-config-2'), service('qdrant-a-3')];
  await run([...old, set(1), settings('qdrant-a-bootstrap')]);
  const result = await run([settings('qdrant-a-config-3'), set(1)], {
    needed: ['qdrant-a-config-2', 'qdrant-a-bootstrap'],
  });
  expect(result.changes).toEqual([
    'applied ConfigMap qdrant-a-config-3',
    'deleted Service qdrant-a-3',
    'deleted ConfigMap qdrant-a-config-1',
  ]);
});

test('what merely carries the label is not deleted, nor is the set ever', async () => {
  await run([set(3)]);
  await kubernetes.create('ConfigMap', namespace, {
    metadata: { name: 'by-a-person', labels: { [names.labels.cluster]: 'a' } },
  });
  expect((await run([])).changes).toEqual([]);
});

test('a set is only changed when it is the one that was seen', async () => {
  await run([set(3)]);
  const seen = await live();
  await kubernetes.apply(set(4), namespace);
  await expect(run([set(5)], { seen })).rejects.toMatchObject({ kind: 'conflict' });
  expect(onlyIfUnchanged(set(2), { uid: 'u', resourceVersion: '7' }).metadata).toMatchObject({
    uid: 'u',
    resourceVersion: '7',
  });
});

test('what the API server refuses is said, and does not hold up the rest', async () => {
  const refusing = new FakeKubernetes(new FakeApiServer(new VirtualClock()));
  const apply = refusing.apply.bind(refusing);
  const { KubernetesError } = await import('../../src/k8s/kubernetes-api.js');
  refusing.apply = (manifest, where) =>
    manifest.kind === 'Service'
      ? Promise.reject(new KubernetesError('invalid', 'spec.ports: Required value'))
      : apply(manifest, where);
  kubernetes = refusing;
  const result = await run([service('qdrant-a'), set(1)]);
  expect(result.problems).toEqual([
    {
      reason: 'ObjectRefused',
      message: 'The API server refuses the Service qdrant-a: spec.ports: Required value',
    },
  ]);
  expect(result.changes).toEqual(['applied StatefulSet qdrant-a']);
});

test('nothing is written without the lead', async () => {
  await expect(run([service('qdrant-a')], { remainingMs: 0 })).rejects.toThrow(LeaseTooShort);
  expect(await live()).toEqual([]);
});
