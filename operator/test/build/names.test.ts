import { describe, expect, it } from 'vitest';
import { clusterBase } from '../../src/build/cluster-base.js';
import { objectLabels, selectorLabels, selectorText } from '../../src/build/labels.js';
import { namesOfId, objectNames, ordinalOf, podName, storageClaimName } from '../../src/build/names.js';
import { cluster, settings, theFullCluster, theSmallCluster } from './clusters.js';

describe('names of objects', () => {
  it('come from the id, or from the name without the prefix of all', () => {
    expect(objectNames(theFullCluster).set).toBe('qdrant-full');
    expect(objectNames(theSmallCluster).set).toBe('qdrant-small');
    expect(objectNames(cluster('docs', { version: '1.0.0', size: 1 })).headlessService).toBe('qdrant-headless-docs');
  });

  it('of volumes are those that the set gives its claims', () => {
    expect(storageClaimName(namesOfId('a'), 2)).toBe('qdrant-storage-qdrant-a-2');
  });

  it('of pods tell their ordinal, and no others do', () => {
    const names = namesOfId('a');
    expect(ordinalOf(names, podName(names, 12))).toBe(12);
    for (const other of ['qdrant-a', 'qdrant-a-', 'qdrant-a-01', 'qdrant-a-b-1', 'qdrant-ab-1', 'qdrant-a-1e3', 'x']) {
      expect(ordinalOf(names, other), other).toBeNull();
    }
  });
});

describe('labels', () => {
  const base = clusterBase(theFullCluster, settings);

  it('select the pods of this resource alone', () => {
    expect(selectorText(selectorLabels(base))).toBe(
      'app.kubernetes.io/name=qdrant,app.kubernetes.io/instance=full,qdrantcluster.dev/cluster=wide',
    );
    expect(objectLabels(base)).toMatchObject(selectorLabels(base));
  });

  it('need a resource that the API server has seen', () => {
    const unborn = { ...theFullCluster, metadata: { name: 'wide', namespace: 'default' } };
    expect(() => clusterBase(unborn, settings)).toThrow('has a name, a namespace and a uid');
  });
});
