import type { V1StatefulSet } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { clusterBase } from '../../src/build/cluster-base.js';
import { fieldsLeftOut } from '../../src/build/fields-left-out.js';
import { wantedObjects } from '../../src/build/wanted-objects.js';
import { cluster, settings, theFullCluster } from './clusters.js';

const logs = (storage: string) => ({
  metadata: { name: 'logs' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
});

function baseOf(spec: object) {
  return clusterBase(cluster('qdrant-a', { version: '0.1.0', size: 3, ...spec }), settings);
}

/** The set that was made of a spec. */
function setOf(spec: object): V1StatefulSet | null {
  const { resource } = baseOf(spec);
  const wishes = { replicas: 3, disruptionAllowed: true, existingSet: null };
  return wantedObjects(resource, wishes, settings).find((manifest) => manifest.kind === 'StatefulSet') ?? null;
}

test('variables that the operator sets are told once each, however they are spelt', () => {
  expect(fieldsLeftOut(clusterBase(theFullCluster, settings), null)).toEqual([
    'statefulSet.pods.extraEnv QDRANT__CLUSTER__ENABLED: the operator sets it',
    'statefulSet.pods.extraEnv qdrant__storage__storage_path: the operator sets it',
  ]);
});

test('a spec with two hundred of them does not fill the condition', () => {
  const extraEnv = Array.from({ length: 200 }, (_, at) => ({
    name: [...'qdrant__cluster__enabled'].map((c, bit) => ((at >> bit) & 1 ? c.toUpperCase() : c)).join(''),
  }));
  const told = fieldsLeftOut(baseOf({ statefulSet: { pods: { extraEnv } } }), null);
  expect(told).toHaveLength(20);
});

describe('volumes that a set was made with stay', () => {
  const made = { resources: { storage: '10Gi' }, storage: { additionalVolumeClaimTemplates: [logs('1Gi')] } };
  const size = 'resources.storage: volumes stay as they were made';
  const classes = 'storageClassNames: volumes stay as they were made';
  const others = 'storage.additionalVolumeClaimTemplates: volumes stay as they were made';
  test.each<{ wanted: string; spec: object; told: readonly string[] }>([
    { wanted: 'the same', spec: made, told: [] },
    { wanted: 'the same in another spelling', spec: { ...made, resources: { storage: '10240Mi' } }, told: [] },
    { wanted: 'a larger volume', spec: { ...made, resources: { storage: '20Gi' } }, told: [size] },
    { wanted: 'another class', spec: { ...made, storageClassNames: { db: 'fast' } }, told: [classes] },
    {
      wanted: 'a volume for snapshots, and a larger one',
      spec: { ...made, resources: { storage: '20Gi' }, storageClassNames: { snapshots: 'slow' } },
      told: [size, classes],
    },
    {
      wanted: 'another volume that is larger',
      spec: { ...made, storage: { additionalVolumeClaimTemplates: [logs('2Gi')] } },
      told: [others],
    },
    { wanted: 'no other volume any more', spec: { resources: made.resources }, told: [others] },
  ])('wanted: $wanted', ({ spec, told }) => {
    expect(fieldsLeftOut(baseOf(spec), setOf(made))).toEqual(told);
  });

  test('before there is a set, all is as it is wanted', () => {
    expect(fieldsLeftOut(baseOf(made), null)).toEqual([]);
  });
});
