import { beforeEach, expect, test } from 'vitest';
import type { V1OwnerReference } from '@kubernetes/client-node';
import { LeaseTooShort } from '../../src/apply/fence.js';
import { applyVolumeOwners } from '../../src/apply/volume-owners.js';
import { FakeApiServer } from '../world/fake-kubernetes/fake-api-server.js';
import { FakeKubernetes } from '../world/fake-kubernetes/fake-kubernetes.js';
import { VirtualClock } from '../world/virtual-clock.js';

const namespace = 'ns';
const owner: V1OwnerReference = {
  apiVersion: 'qdrantcluster.dev/v1',
  kind: 'QdrantCluster',
  name: 'a',
  uid: 'cluster-uid',
  controller: true,
};
const reference = { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid };
const stranger = { apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs', uid: 'their-uid' };

let kubernetes: FakeKubernetes;

beforeEach(async () => {
  kubernetes = new FakeKubernetes(new FakeApiServer(new VirtualClock()));
  for (const ordinal of [0, 1]) {
    await kubernetes.create('PersistentVolumeClaim', namespace, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: `qdrant-storage-qdrant-a-${ordinal}`, namespace },
      spec: {},
    });
  }
});

async function apply(whenDeleted: 'Delete' | 'Retain', leads = true): Promise<readonly string[]> {
  const { items: volumes } = await kubernetes.list('PersistentVolumeClaim', { namespace });
  const fence = { remainingMs: () => (leads ? 15_000 : 0), transitions: 1 };
  return applyVolumeOwners({ kubernetes, fence, namespace, owner, whenDeleted, volumes });
}

async function owners(): Promise<unknown[]> {
  const { items } = await kubernetes.list('PersistentVolumeClaim', { namespace });
  return items.map(({ metadata }) => metadata?.ownerReferences);
}

test('volumes that are kept belong to nobody, and nothing is written', async () => {
  expect(await apply('Retain')).toEqual([]);
  expect(await owners()).toEqual([undefined, undefined]);
});

test('volumes that go with the cluster are owned by it, which controls nothing in them', async () => {
  expect(await apply('Delete')).toEqual([
    'let qdrant-storage-qdrant-a-0 go with the cluster',
    'let qdrant-storage-qdrant-a-1 go with the cluster',
  ]);
  expect(await owners()).toEqual([[reference], [reference]]);
  expect(await apply('Delete')).toEqual([]);
});

test('a change of mind is followed, and owners that others wrote stay', async () => {
  const name = { namespace, name: 'qdrant-storage-qdrant-a-0' };
  await kubernetes.patchMetadata('PersistentVolumeClaim', name, { ownerReferences: [stranger] }, {});
  await apply('Delete');
  expect(await owners()).toEqual([[stranger, reference], [reference]]);
  expect(await apply('Retain')).toHaveLength(2);
  expect(await owners()).toEqual([[stranger], undefined]);
});

test('without the lead nothing is written', async () => {
  await expect(apply('Delete', false)).rejects.toThrow(LeaseTooShort);
  expect(await owners()).toEqual([undefined, undefined]);
});
