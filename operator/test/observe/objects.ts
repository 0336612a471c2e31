/** Objects as the API server has them, with what a test is not about filled in. */
import type { V1Node, V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import type { QdrantClusterResource } from '../../src/api/qdrant-cluster.js';
import { namesOf, ownGroup } from '../../src/api/group.js';

export const group = namesOf(ownGroup);
export const namespace = 'default';
export const createdAt = new Date('2026-01-01T00:00:00Z');

export function resourceOf(
  spec: Partial<QdrantClusterResource['spec']> = {},
  rest: { annotations?: Record<string, string>; status?: QdrantClusterResource['status'] } = {},
): QdrantClusterResource {
  const { annotations = {}, status } = rest;
  return {
    apiVersion: group.apiVersion,
    kind: 'QdrantCluster',
    metadata: { name: 'a', namespace, uid: 'uid-of-a', resourceVersion: '1', annotations },
    spec: { version: 'v1.19.0', size: 3, ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

export interface PodOptions {
  readonly witness?: string;
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly ip?: string;
  readonly running?: boolean;
  readonly ready?: boolean;
}

export function podOf(ordinal: number, options: PodOptions = {}): V1Pod {
  const { witness = 'empty', running = true, ready = true, ip = `10.0.0.${ordinal}` } = options;
  return {
    metadata: {
      name: `qdrant-a-${ordinal}`,
      namespace,
      uid: `uid-of-${ordinal}`,
      resourceVersion: '7',
      creationTimestamp: createdAt,
      labels: { [group.labels.serving]: 'true', 'controller-revision-hash': 'rev-1', ...options.labels },
      annotations: { ...options.annotations },
    },
    spec: { containers: [{ name: 'qdrant' }], nodeName: 'worker-1' },
    status: {
      podIP: ip,
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          lastTransitionTime: new Date(createdAt.getTime() + 5_000),
        },
      ],
      initContainerStatuses: [
        {
          ...{ name: 'witness', image: 'i', imageID: '', ready: true, restartCount: 0 },
          state: { terminated: { exitCode: 0, message: `${witness}\n` } },
        },
      ],
      containerStatuses: [
        {
          ...{ name: 'qdrant', image: 'i', imageID: '', ready, restartCount: 2 },
          state: running ? { running: {} } : { waiting: { reason: 'ContainerCreating' } },
        },
      ],
    },
  };
}

export function claimOf(ordinal: number, labels: Record<string, string> = {}): V1PersistentVolumeClaim {
  return {
    metadata: {
      name: `qdrant-storage-qdrant-a-${ordinal}`,
      namespace,
      uid: `claim-${ordinal}`,
      resourceVersion: '3',
      labels,
    },
    status: { phase: 'Bound', capacity: { storage: '10Gi' } },
  };
}

export function workerOf(name: string, ready: boolean): V1Node {
  return {
    metadata: { name, labels: { 'topology.kubernetes.io/zone': 'zone-1' } },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
  };
}
