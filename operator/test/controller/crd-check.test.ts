import { expect, test } from 'vitest';
import { namesOf } from '../../src/api/group.js';
import { crdProblem } from '../../src/controller/crd-check.js';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';

const names = namesOf('qdrant.io');

function check(document: unknown, listing: KubernetesError | null = null): Promise<string | null> {
  return crdProblem({
    kubernetes: {
      list: () => (listing === null ? Promise.resolve({ resourceVersion: '1', items: [] }) : Promise.reject(listing)),
    },
    names,
    namespace: 'ns',
    read: (path) => {
      expect(path).toBe('/openapi/v3/apis/qdrant.io/v1');
      return Promise.resolve(document);
    },
  });
}

function schemaWith(properties: Record<string, unknown>, kind = 'QdrantCluster'): unknown {
  return {
    components: {
      schemas: {
        'io.k8s.Status': { type: 'object' },
        'io.qdrant.v1.Cluster': {
          'x-kubernetes-group-version-kind': [{ group: 'qdrant.io', version: 'v1', kind }],
          properties: { spec: { properties } },
        },
      },
    },
  };
}

test('our own definition is accepted', async () => {
  expect(await check(schemaWith({ size: {}, operator: {} }))).toBeNull();
});

test('a definition of another product ends the process with a sentence', async () => {
  expect(await check(schemaWith({ size: {} }))).toMatch(/qdrantclusters\.qdrant\.io belongs to another product/);
});

test('a definition that is missing, or may not be read, is said', async () => {
  expect(await check({}, new KubernetesError('not-found', '404'))).toMatch(/is not installed/);
  expect(await check({}, new KubernetesError('forbidden', 'no list'))).toMatch(/may not list .* namespace ns: no list/);
  await expect(check({}, new KubernetesError('unavailable', 'away'))).rejects.toThrow('away');
});

test.each([[null], ['page of a proxy'], [{ components: { schemas: 3 } }], [schemaWith({}, 'QdrantClusterRestore')]])(
  'a schema that is not published proves nothing: %j',
  async (document) => {
    expect(await check(document)).toBeNull();
  },
);
