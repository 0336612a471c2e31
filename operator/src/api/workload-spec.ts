/** The parts of the spec that become pods, volumes and Services. */
import type {
  V1EnvVar,
  V1PersistentVolumeClaim,
  V1Toleration,
  V1TopologySpreadConstraint,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import { z } from 'zod';
import {
  choice,
  coreList,
  coreType,
  count,
  flag,
  intOrPercent,
  quantity,
  section,
  text,
  textList,
  textMap,
} from './schema-parts.js';

export const imageSpec = section('The image of the nodes. Its tag is the version.', {
  repository: text('Repository of the image.', 1024).exactOptional(),
  pullPolicy: choice('When the image is pulled.', ['Always', 'IfNotPresent', 'Never']).exactOptional(),
  pullSecretName: text('Secret for pulling it.').exactOptional(),
});

export const resourcesSpec = section('What each node gets.', {
  cpu: quantity('Limit of processor time.').exactOptional(),
  memory: quantity('Limit of memory.').exactOptional(),
  storage: quantity('Size of the data volume. It can grow, never shrink.').exactOptional(),
  requests: section('What a node is promised, when that is less than the limits.', {
    cpu: quantity('Processor time that it is promised.').exactOptional(),
    memory: quantity('Memory that it is promised.').exactOptional(),
  }).exactOptional(),
});

const userId = (description: string) => count(description, 0, 2_147_483_647);

export const securitySpec = section('Whom the process runs as.', {
  user: userId('User id.').exactOptional(),
  group: userId('Group id.').exactOptional(),
  fsGroup: userId('Group id of the files on volumes.').exactOptional(),
});

export const tolerations = coreList<V1Toleration>('Taints that pods tolerate.', 100, {});

export const topologySpreadConstraints = coreList<V1TopologySpreadConstraint>('How pods are spread.', 20, {
  maxSkew: z.int(),
  topologyKey: z.string(),
  whenUnsatisfiable: z.string(),
});

export const podDisruptionBudgetSpec = section(
  'How many pods may be evicted at a time while all replicas are Active; none otherwise.',
  {
    minAvailable: intOrPercent('Pods that have to stay.').exactOptional(),
    maxUnavailable: intOrPercent('Pods that may be away.').exactOptional(),
    unhealthyPodEvictionPolicy: choice('Whether pods that are not ready may be evicted.', [
      'IfHealthyBudget',
      'AlwaysAllow',
    ]).exactOptional(),
    selector: coreType<object>({})
      .meta({ description: 'The pods meant; always those of the cluster.' })
      .exactOptional(),
  },
);

export const serviceSpec = section('The Service for clients.', {
  type: choice('Its type.', ['ClusterIP', 'NodePort', 'LoadBalancer']).exactOptional(),
  annotations: textMap('Annotations of it.').exactOptional(),
  loadBalancerSourceRanges: textList('Networks that may use its load balancer.', 100, 64).exactOptional(),
});

export const statefulSetSpec = section('The StatefulSet and its pods.', {
  annotations: textMap('Annotations of the StatefulSet.').exactOptional(),
  pods: section('The pods.', {
    annotations: textMap('Annotations of the pods.').exactOptional(),
    labels: textMap('Labels of the pods.').exactOptional(),
    extraEnv: coreList<V1EnvVar>('More environment variables.', 200, { name: z.string().min(1) }).exactOptional(),
  }).exactOptional(),
});

export const storageClassNamesSpec = section('Storage classes, decided when the cluster is created.', {
  db: text('Of the data volumes.').exactOptional(),
  snapshots: text(
    'Of volumes for snapshots; without it there are none, and snapshots lie with the data.',
  ).exactOptional(),
});

export const storageSpec = section('More about volumes.', {
  volumeAttributesClassName: text('VolumeAttributesClass of the data volumes.').exactOptional(),
  volumeSnapshotClassName: text('VolumeSnapshotClass of snapshots of volumes.').exactOptional(),
  iops: count('Operations per second of the data volumes.', 1, 10_000_000).exactOptional(),
  throughput: count('MB per second of the data volumes.', 1, 10_000_000).exactOptional(),
  additionalVolumes: coreList<V1Volume>('More volumes of the pods.', 50, { name: z.string().min(1) }).exactOptional(),
  additionalVolumeClaimTemplates: coreList<V1PersistentVolumeClaim>('More volume claims of each pod.', 20, {
    metadata: z.looseObject({ name: z.string().min(1) }),
    spec: z.looseObject({}),
  }).exactOptional(),
  additionalVolumeMounts: coreList<V1VolumeMount>('Where the nodes see them.', 50, {
    name: z.string().min(1),
    mountPath: z.string().min(1),
  }).exactOptional(),
});

const sourceRanges = textList('Networks that may use it.', 100, 64);

export const ingressSpec = section('Access from outside.', {
  enabled: flag('Make an Ingress.').exactOptional(),
  annotations: textMap('Annotations of it.').exactOptional(),
  ingressClassName: text('Its class.').exactOptional(),
  host: text('Its host name.').exactOptional(),
  tls: flag('Serve it over TLS.').exactOptional(),
  tlsSecretName: text('Secret with its certificate.').exactOptional(),
  nginx: section('For the controller of nginx.', {
    allowedSourceRanges: sourceRanges.exactOptional(),
    grpcHost: text('Host name for gRPC.').exactOptional(),
  }).exactOptional(),
  traefik: section('For Traefik.', {
    allowedSourceRanges: sourceRanges.exactOptional(),
    entryPoints: textList('Its entry points.', 20).exactOptional(),
  }).exactOptional(),
});

export const gpuSpec = section('Indexing on graphics processors.', {
  gpuType: choice('Their maker.', ['nvidia', 'amd']),
  forceHalfPrecision: flag('Compute with 16 bits.').exactOptional(),
  deviceFilter: textList('Parts of the names of devices to use.', 32).exactOptional(),
  devices: textList('Indexes of devices to use.', 32).exactOptional(),
  parallelIndexes: count('Indexes built at a time.', 1, 1024).exactOptional(),
  groupsCount: count('Groups of threads.', 1, 1_000_000).exactOptional(),
  allowIntegrated: flag('Use integrated devices too.').exactOptional(),
});
