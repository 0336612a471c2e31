/** Clusters that manifests are built of in tests. */
import { namesOf, ownGroup } from '../../src/api/group.js';
import { parseQdrantCluster, type QdrantClusterResource } from '../../src/api/qdrant-cluster.js';
import type { BuildSettings } from '../../src/build/cluster-base.js';

/** The real script would change the golden manifests whenever it changes. */
export const settings: BuildSettings = {
  group: namesOf(ownGroup),
  nodeImage: 'vdb.local/qdrant',
  startScript: '#!/bin/sh\nexec ./qdrant\n',
};

export function cluster(name: string, spec: object): QdrantClusterResource {
  const parsed = parseQdrantCluster({
    apiVersion: settings.group.apiVersion,
    kind: 'QdrantCluster',
    metadata: { name, namespace: 'default', uid: '0b5ee8b4-5d4e-4b52-b8c0-0e2c5a3c7f00' },
    spec,
  });
  if (parsed.kind !== 'cluster') throw new Error(JSON.stringify(parsed));
  return parsed.cluster;
}

export const theSmallCluster = cluster('qdrant-small', { version: '0.1.0', size: 1 });

const secret = (key: string) => ({ secretKeyRef: { name: 'certificates', key } });

export const theFullCluster = cluster('wide', {
  id: 'full',
  version: 'v1.19.0',
  size: 3,
  image: { repository: 'registry.example/qdrant/qdrant', pullPolicy: 'Always', pullSecretName: 'registry' },
  resources: { cpu: '2', memory: '4Gi', storage: '100Gi', requests: { cpu: '500m', memory: '2Gi' } },
  security: { user: 2000, group: 3000, fsGroup: 4000 },
  tolerations: [{ key: 'databases', operator: 'Exists', effect: 'NoSchedule' }],
  nodeSelector: { disk: 'fast' },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', minDomains: 3 },
  ],
  podDisruptionBudget: { minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  config: {
    collection: { replication_factor: 2, write_consistency_factor: 2, vectors: { on_disk: true } },
    log_level: 'DEBUG',
    service: {
      api_key: { secretKeyRef: { name: 'keys', key: 'all' } },
      read_only_api_key: { secretKeyRef: { name: 'keys', key: 'read', optional: true } },
      enable_tls: true,
      max_request_size_mb: 64,
    },
    tls: { cert: secret('tls.crt'), key: secret('tls.key'), caCert: secret('ca.crt') },
    storage: { performance: { optimizer_cpu_budget: -1 }, maxCollections: 100 },
  },
  service: {
    type: 'LoadBalancer',
    annotations: { 'example.com/balancer': 'internal' },
    loadBalancerSourceRanges: ['10.0.0.0/8'],
  },
  statefulSet: {
    annotations: { 'example.com/team': 'search' },
    pods: {
      annotations: { 'example.com/scrape': 'true', 'qdrantcluster.dev/start': 'bootstrap' },
      labels: { tier: 'data', 'app.kubernetes.io/name': 'other', 'qdrantcluster.dev/serving': 'false' },
      extraEnv: [
        { name: 'TZ', value: 'Europe/Berlin' },
        { name: 'QDRANT__CLUSTER__ENABLED', value: 'false' },
        { name: 'qdrant__storage__storage_path', value: '/elsewhere' },
        { name: 'TZ', value: 'UTC' },
      ],
    },
  },
  storageClassNames: { db: 'standard', snapshots: 'standard' },
  storage: {
    additionalVolumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1024Mi' } }],
    additionalVolumeClaimTemplates: [
      {
        metadata: { name: 'logs' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
    additionalVolumeMounts: [
      { name: 'scratch', mountPath: '/scratch' },
      { name: 'logs', mountPath: '/logs', subPath: 'node' },
    ],
  },
  startupDelaySeconds: 5,
});
