/** How many pods may be evicted at a time. */
import type { V1PodDisruptionBudgetSpec } from '@kubernetes/client-node';
import type { ClusterSpec } from '../api/cluster-spec.js';
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { ClusterBase } from './cluster-base.js';
import { ownedMetadata, selectorLabels } from './labels.js';

/** Null for a single pod, since a budget for that would only keep Kubernetes nodes from being drained. */
export function podDisruptionBudget(
  base: ClusterBase,
  { replicas, disruptionAllowed }: { readonly replicas: number; readonly disruptionAllowed: boolean },
): Manifest | null {
  const { size, podDisruptionBudget: wanted } = base.resource.spec;
  if (Math.max(size, replicas) <= 1) return null;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(base, base.names.disruptionBudget),
    spec: {
      selector: { matchLabels: { ...selectorLabels(base) } },
      ...(disruptionAllowed ? wantedBudget(wanted) : { maxUnavailable: 0 }),
    },
  };
}

function wantedBudget(wanted: ClusterSpec['podDisruptionBudget']): Partial<V1PodDisruptionBudgetSpec> {
  const policy =
    wanted?.unhealthyPodEvictionPolicy === undefined
      ? {}
      : { unhealthyPodEvictionPolicy: wanted.unhealthyPodEvictionPolicy };
  if (wanted?.minAvailable !== undefined) return { minAvailable: wanted.minAvailable, ...policy };
  return { maxUnavailable: wanted?.maxUnavailable ?? 1, ...policy };
}
