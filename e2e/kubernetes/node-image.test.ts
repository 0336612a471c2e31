import { describe, expect, test } from 'vitest';
import { waitUntil } from '../harness/waiting.js';
import { kubectl } from './harness/command.js';
import { QdrantRest } from './harness/qdrant-rest.js';
import { nodeImage, version } from './harness/settings.js';
import { testNamespace } from './harness/test-namespace.js';

const labels = { app: 'single' };

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'single', labels },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    terminationGracePeriodSeconds: 5,
    containers: [
      {
        name: 'qdrant',
        image: `${nodeImage}:${version}`,
        imagePullPolicy: 'Never',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        readinessProbe: { httpGet: { path: '/readyz', port: 6333 }, periodSeconds: 1 },
      },
    ],
  },
};

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'single' },
  spec: { selector: labels, ports: [{ name: 'rest', port: 6333 }] },
};

describe("the image of a node, without the operator's doing", () => {
  const namespace = testNamespace('node-image');

  test('runs as an ordinary user where Pod Security is restricted, and answers through a Service', async () => {
    await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
    const list = { apiVersion: 'v1', kind: 'List', items: [service, pod] };
    await kubectl(['apply', '--namespace', namespace, '-f', '-'], { input: JSON.stringify(list) });
    await kubectl(['wait', '--namespace', namespace, '--for=condition=Ready', 'pod/single', '--timeout=60s']);

    const node = new QdrantRest(`single.${namespace}.svc`);
    await waitUntil(async () => (await node.collections()).length === 0, {
      what: 'the Service to answer',
      pollMs: 100,
    });
    await node.createCollection('docs', { shards: 1, factor: 1 });
    await node.upsert('docs', [1, 2, 3]);

    expect(await node.count('docs')).toBe(3);
  });
});
