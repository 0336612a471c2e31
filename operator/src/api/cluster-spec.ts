/**
 * What a person asks of a cluster: every field of Qdrant's own QdrantCluster, and `operator`, which is ours. Types,
 * CustomResourceDefinitions and reference are made from this. Fields that nothing acts on are in it too, so that a
 * manifest written for Qdrant's operator is accepted; unsupported-fields.ts names them.
 */
import { z } from 'zod';
import { configSpec } from './config-spec.js';
import { operatorSpec } from './operator-spec.js';
import { choice, count, flag, section, text, textMap } from './schema-parts.js';
import {
  gpuSpec,
  imageSpec,
  ingressSpec,
  podDisruptionBudgetSpec,
  resourcesSpec,
  securitySpec,
  serviceSpec,
  statefulSetSpec,
  storageClassNamesSpec,
  storageSpec,
  tolerations,
  topologySpreadConstraints,
} from './workload-spec.js';

const pause = section('Somebody who wants the operator to keep off.', {
  owner: text('Who.', 1024).exactOptional(),
  reason: text('Why.', 4096).exactOptional(),
  creationTimestamp: text('Since when.', 64).exactOptional(),
});

const otherCluster = (description: string) => section(description, { id: text('Its id.') });

export const clusterSpec = section('What is wanted.', {
  id: text(
    'Names of objects come from it. Without it: the name of the resource, less a leading "qdrant-".',
  ).exactOptional(),
  version: text('Version of the nodes, which is the tag of their image, such as v1.19.0.', 128),
  size: count('Number of nodes.', 1, 100),
  servicePerNode: flag('Give each node a Service of its own.').exactOptional(),
  clusterManager: flag(
    'Whether the operator moves shards. Without it, nodes that have shards cannot be removed.',
  ).exactOptional(),
  suspend: flag('Remove everything but the volumes.').exactOptional(),
  pauses: z
    .array(pause)
    .max(100)
    .meta({ description: 'While there is one, the operator changes nothing.' })
    .exactOptional(),
  image: imageSpec.exactOptional(),
  resources: resourcesSpec.exactOptional(),
  security: securitySpec.exactOptional(),
  tolerations: tolerations.exactOptional(),
  nodeSelector: textMap('Labels of the Kubernetes nodes that pods may run on.').exactOptional(),
  topologySpreadConstraints: topologySpreadConstraints.exactOptional(),
  podDisruptionBudget: podDisruptionBudgetSpec.exactOptional(),
  config: configSpec.exactOptional(),
  ingress: ingressSpec.exactOptional(),
  service: serviceSpec.exactOptional(),
  gpu: gpuSpec.exactOptional(),
  statefulSet: statefulSetSpec.exactOptional(),
  storageClassNames: storageClassNamesSpec.exactOptional(),
  storage: storageSpec.exactOptional(),
  restartAllPodsConcurrently: flag('Restart all nodes at once where a restart is needed.').exactOptional(),
  onDemandReplication: choice('Restart a node by making a new one and moving its data.', [
    'Off',
    'Auto',
    'On',
  ]).exactOptional(),
  startupDelaySeconds: count(
    'Seconds that a node sleeps before it starts. Restarts nothing by itself.',
    0,
    86_400,
  ).exactOptional(),
  rebalanceStrategy: choice('How shards are spread over the nodes.', [
    'by_count',
    'by_size',
    'by_count_and_size',
    'disabled',
  ]).exactOptional(),
  readClusters: z
    .array(otherCluster('A cluster that follows this one.'))
    .max(100)
    .meta({ description: 'Clusters that follow this one.' })
    .exactOptional(),
  writeCluster: otherCluster('The cluster that this one follows.').exactOptional(),
  multiAZ: flag('Route requests by zone.').exactOptional(),
  operator: operatorSpec.exactOptional(),
});

export type ClusterSpec = z.infer<typeof clusterSpec>;
