/** What passes read of Kubernetes: what reflectors have seen, without a request. */
import type { V1Node } from '@kubernetes/client-node';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import type { ObjectName, ResourceTypes } from '../k8s/kubernetes-api.js';

/** Kinds whose objects carry the label of their cluster. */
export const labelledKinds = [
  'StatefulSet',
  'Service',
  'ConfigMap',
  'PodDisruptionBudget',
  'Pod',
  'PersistentVolumeClaim',
] as const;
export type LabelledKind = (typeof labelledKinds)[number];

export interface ClusterCaches {
  /** As the API server sent it: nothing in it has been checked. */
  cluster(name: ObjectName): QdrantClusterResource | null;
  /** Those with the label of this cluster. */
  objects<K extends LabelledKind>(kind: K, cluster: ObjectName): readonly ResourceTypes[K][];
  kubernetesNode(name: string): V1Node | null;
}
