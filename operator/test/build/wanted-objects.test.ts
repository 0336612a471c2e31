import { describe, expect, it } from 'vitest';
import type { V1StatefulSet } from '@kubernetes/client-node';
import type { QdrantClusterResource } from '../../src/api/qdrant-cluster.js';
import { hashOf, withManifestHash } from '../../src/build/manifest-hash.js';
import { reservedVariables } from '../../src/build/pod-environment.js';
import { wantedObjects } from '../../src/build/wanted-objects.js';
import type { Kind, Manifest, ResourceTypes } from '../../src/k8s/kubernetes-api.js';
import { cluster, settings, theFullCluster } from './clusters.js';

const wishes = { replicas: 3, disruptionAllowed: true, existingSet: null };

function of<K extends Kind>(kind: K, manifests: readonly Manifest[]): (Manifest & { readonly kind: K })[] {
  return manifests.filter((manifest): manifest is Manifest & { readonly kind: K } => manifest.kind === kind);
}

function setOf(
  resource: QdrantClusterResource,
  existingSet: V1StatefulSet | null = null,
): ResourceTypes['StatefulSet'] {
  const [set] = of('StatefulSet', wantedObjects(resource, { ...wishes, existingSet }, settings));
  if (set === undefined) throw new Error('no set');
  return set;
}

const nodeOf = (resource: QdrantClusterResource) => setOf(resource).spec?.template.spec?.containers[0];

function simple(spec: object = {}): QdrantClusterResource {
  return cluster('qdrant-a', { version: '0.1.0', size: 3, ...spec });
}

describe('the objects of a cluster', () => {
  it('come in the order in which pods need them', () => {
    expect(wantedObjects(simple(), wishes, settings).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Service qdrant-headless-a',
      'Service qdrant-a',
      'Service qdrant-a-0',
      'Service qdrant-a-1',
      'Service qdrant-a-2',
      expect.stringMatching(/^ConfigMap qdrant-a-config-[0-9a-f]{16}$/),
      'PodDisruptionBudget qdrant-a',
      'StatefulSet qdrant-a',
    ]);
  });

  it('have a Service for each pod that there shall be now, unless that is not wanted', () => {
    const services = (spec: object, replicas: number) =>
      of('Service', wantedObjects(simple(spec), { ...wishes, replicas }, settings)).length - 2;
    expect(services({}, 1)).toBe(1);
    expect(services({ servicePerNode: false }, 3)).toBe(0);
  });

  it('belong to the resource, all but the volume claims', () => {
    for (const manifest of wantedObjects(theFullCluster, wishes, settings)) {
      expect(manifest.metadata.ownerReferences, manifest.metadata.name).toMatchObject([
        { name: 'wide', kind: 'QdrantCluster' },
      ]);
    }
    for (const claim of setOf(theFullCluster).spec?.volumeClaimTemplates ?? []) {
      expect(claim.metadata?.ownerReferences).toBeUndefined();
    }
  });
});

describe('the disruption budget', () => {
  const budget = (spec: object, replicas: number, disruptionAllowed: boolean) =>
    of('PodDisruptionBudget', wantedObjects(simple(spec), { ...wishes, replicas, disruptionAllowed }, settings))[0]
      ?.spec;

  it('lets no pod be evicted while a replica would miss it', () => {
    const wish = { podDisruptionBudget: { minAvailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' } };
    expect(budget(wish, 3, false)).toEqual({ selector: expect.anything() as unknown, maxUnavailable: 0 });
  });

  it('lets one be evicted otherwise, or as many as the user says', () => {
    expect(budget({}, 3, true)).toMatchObject({ maxUnavailable: 1 });
    expect(budget({ podDisruptionBudget: { maxUnavailable: '50%' } }, 3, true)).toMatchObject({
      maxUnavailable: '50%',
    });
  });

  it('is none for a single pod, but stays until a second one is gone', () => {
    expect(budget({ size: 1 }, 1, true)).toBeUndefined();
    expect(budget({ size: 1 }, 2, true)).toBeDefined();
    expect(budget({ size: 2 }, 1, false)).toBeDefined();
  });
});

describe('settings', () => {
  it('have a name that changes with them, which the template follows', () => {
    const names = [simple(), simple(), simple({ config: { log_level: 'WARN' } })].map((resource) => ({
      map: of('ConfigMap', wantedObjects(resource, wishes, settings))[0]?.metadata.name,
      mounted: setOf(resource).spec?.template.spec?.volumes?.find((volume) => volume.configMap)?.configMap?.name,
    }));
    expect(names[0]).toEqual(names[1]);
    expect(names[2]?.map).not.toBe(names[0]?.map);
    for (const { map, mounted } of names) expect(mounted).toBe(map);
  });

  it('hold no key of the API', () => {
    const text = JSON.stringify(of('ConfigMap', wantedObjects(theFullCluster, wishes, settings)));
    expect(text).not.toContain('api_key');
    expect(nodeOf(theFullCluster)?.env).toContainEqual({
      name: 'QDRANT__SERVICE__API_KEY',
      valueFrom: { secretKeyRef: { name: 'keys', key: 'all' } },
    });
  });
});

describe('a pod', () => {
  it('has an address between peers that says https when they have an authority', () => {
    const uri = (resource: QdrantClusterResource) =>
      nodeOf(resource)?.env?.find(({ name }) => name === 'PEER_URI')?.value;
    expect(uri(simple())).toBe('http://$(POD_NAME).qdrant-headless-a:6335');
    expect(uri(theFullCluster)).toBe('https://$(POD_NAME).qdrant-headless-full:6335');
  });

  it('gets no grant, no mark and no setting of the operator from a user', () => {
    const { template } = setOf(theFullCluster).spec!;
    expect(template.metadata?.annotations).toEqual({ 'example.com/scrape': 'true' });
    expect(template.metadata?.labels).toMatchObject({
      tier: 'data',
      'app.kubernetes.io/name': 'qdrant',
      'qdrantcluster.dev/serving': 'true',
    });
    const names = nodeOf(theFullCluster)?.env?.map(({ name }) => name) ?? [];
    expect(names).toContain('TZ');
    expect(new Set(names).size).toBe(names.length);
    for (const name of reservedVariables(theFullCluster.spec)) expect(names).not.toContain(name);
    expect(reservedVariables(theFullCluster.spec)).toEqual([
      'QDRANT__CLUSTER__ENABLED',
      'qdrant__storage__storage_path',
    ]);
  });

  it('keeps the key that the spec names, and one of the environment where it names none', () => {
    const extraEnv = [{ name: 'QDRANT__SERVICE__API_KEY', value: 'x' }];
    const keys = (config: object) =>
      nodeOf(simple({ config, statefulSet: { pods: { extraEnv } } }))?.env?.filter(({ name }) => name.includes('KEY'));
    expect(keys({})).toEqual(extraEnv);
    expect(keys({ service: { api_key: { secretKeyRef: { name: 'k', key: 'k' } } } })).toMatchObject([
      { valueFrom: { secretKeyRef: { name: 'k' } } },
    ]);
  });

  it('may run as root only when the spec says so', () => {
    const security = (spec: object) => setOf(simple(spec)).spec?.template.spec?.securityContext;
    expect(security({})).toMatchObject({ runAsUser: 1000, runAsNonRoot: true });
    expect(security({ security: { user: 0 } })).toMatchObject({ runAsUser: 0, runAsGroup: 2000, runAsNonRoot: false });
  });

  it('sees a folder that it can write to wherever a node writes', () => {
    const writable = nodeOf(simple())?.volumeMounts?.filter((mount) => mount.readOnly !== true);
    expect(writable?.map(({ mountPath }) => mountPath)).toEqual([
      '/qdrant/storage',
      '/qdrant/snapshots',
      '/qdrant/init',
      '/tmp',
    ]);
  });
});

describe('claim templates', () => {
  const live = setOf(simple({ resources: { storage: '10Gi' } }));

  it('stay as the set has them, since the API server refuses all of a set with others', () => {
    const resource = simple({ resources: { storage: '20Gi' }, storageClassNames: { snapshots: 'fast' } });
    expect(setOf(resource, live).spec?.volumeClaimTemplates).toEqual(live.spec?.volumeClaimTemplates);
  });

  it('are the same in another spelling', () => {
    const resource = simple({ resources: { storage: '10240Mi' } });
    expect(setOf(resource, live).spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests).toEqual({
      storage: '10240Mi',
    });
  });
});

describe('the hash of a manifest', () => {
  it('does not see the order of keys, nor what is undefined', () => {
    expect(hashOf({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(hashOf({ b: { c: [1, 2] }, a: 1 }));
    expect(hashOf({ a: [1, 2] })).not.toBe(hashOf({ a: [2, 1] }));
    expect(hashOf({ a: '1' })).not.toBe(hashOf({ a: 1 }));
  });

  it('is of the manifest without it', () => {
    const [manifest] = wantedObjects(simple(), wishes, settings);
    const hashed = withManifestHash(manifest!, settings.group);
    expect(hashed.metadata.annotations?.[settings.group.annotations.manifestHash]).toBe(hashOf(manifest));
  });
});
