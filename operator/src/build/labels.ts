/** Labels of a cluster's objects, and what selects its pods. */
import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { ClusterBase } from './cluster-base.js';

export type Labels = Readonly<Record<string, string>>;

/** Kubernetes' own, on its nodes. */
export const zoneLabel = 'topology.kubernetes.io/zone';

const managedBy = { key: 'app.kubernetes.io/managed-by', value: 'qdrant-operator' } as const;

/**
 * What a pod of the cluster has for ever. The name of the resource is in it, since pods that were installed in other
 * ways may have the two labels that everybody gives.
 */
export function selectorLabels({ name, names, group }: Pick<ClusterBase, 'name' | 'names' | 'group'>): Labels {
  return {
    'app.kubernetes.io/name': 'qdrant',
    'app.kubernetes.io/instance': names.id,
    [group.labels.cluster]: name,
  };
}

export function objectLabels(base: Pick<ClusterBase, 'name' | 'names' | 'group'>): Labels {
  return { ...selectorLabels(base), [managedBy.key]: managedBy.value };
}

/** As in a `labelSelector`, and in the status for the scale subresource. */
export function selectorText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Of an object that goes with the cluster. */
export function ownedMetadata(base: ClusterBase, name: string): V1ObjectMeta & { readonly name: string } {
  return { name, namespace: base.namespace, labels: { ...objectLabels(base) }, ownerReferences: [base.owner] };
}

/** What a user may add without saying something to the operator, or to the selectors. */
export function userMarks(base: ClusterBase, marks: Labels | undefined): Labels {
  const ours = new Set(Object.keys(objectLabels(base)));
  return Object.fromEntries(
    Object.entries(marks ?? {}).filter(([key]) => !ours.has(key) && !key.startsWith(`${base.group.group}/`)),
  );
}
