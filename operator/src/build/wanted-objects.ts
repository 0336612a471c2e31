/** All objects that a cluster consists of, besides the record of its claim and what its set makes. */
import type { V1StatefulSet } from '@kubernetes/client-node';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import { specDefaults } from '../api/spec-defaults.js';
import type { Manifest } from '../k8s/kubernetes-api.js';
import { clientService } from './client-service.js';
import { clusterBase, type BuildSettings } from './cluster-base.js';
import { headlessService } from './headless-service.js';
import { nodeService } from './node-service.js';
import { podDisruptionBudget } from './pod-disruption-budget.js';
import { settingsConfigMap } from './settings-config-map.js';
import { statefulSet } from './stateful-set.js';

export interface ObjectWishes {
  /** How many pods the set shall have now, which is not always the size that is wanted in the end. */
  readonly replicas: number;
  readonly disruptionAllowed: boolean;
  readonly existingSet: V1StatefulSet | null;
}

/** In the order in which they are applied: a pod finds what it needs. Without the hash that tells what was applied. */
export function wantedObjects(
  resource: QdrantClusterResource,
  { replicas, disruptionAllowed, existingSet }: ObjectWishes,
  settings: BuildSettings,
): readonly Manifest[] {
  const base = clusterBase(resource, settings);
  const nodes = (resource.spec.servicePerNode ?? specDefaults.servicePerNode) ? replicas : 0;
  const nodeSettings = settingsConfigMap(base);
  const budget = podDisruptionBudget(base, { replicas, disruptionAllowed });
  return [
    headlessService(base),
    clientService(base),
    ...Array.from({ length: nodes }, (_none, ordinal) => nodeService(base, ordinal)),
    nodeSettings,
    ...(budget === null ? [] : [budget]),
    statefulSet(base, { replicas, settings: nodeSettings.metadata.name, existing: existingSet }),
  ];
}
