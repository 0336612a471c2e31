/** The set of a cluster's pods. */
import type { V1StatefulSet } from '@kubernetes/client-node';
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { ClusterBase } from './cluster-base.js';
import { contains } from './contains.js';
import { ownedMetadata, selectorLabels, userMarks } from './labels.js';
import { podTemplate } from './pod-template.js';
import { claimTemplates } from './pod-volumes.js';

export interface SetWishes {
  readonly replicas: number;
  /** Name of the object with the settings. */
  readonly settings: string;
  /** The set as it is now, if there is one. */
  readonly existing: V1StatefulSet | null;
}

export function statefulSet(
  base: ClusterBase,
  { replicas, settings, existing }: SetWishes,
): Manifest & { readonly kind: 'StatefulSet' } {
  const metadata = ownedMetadata(base, base.names.set);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...metadata, annotations: { ...userMarks(base, base.resource.spec.statefulSet?.annotations) } },
    spec: {
      serviceName: base.names.headlessService,
      replicas,
      selector: { matchLabels: { ...selectorLabels(base) } },
      // One by one, a cluster whose pods all went would not come back: the first waits for a quorum of the others.
      podManagementPolicy: 'Parallel',
      // Only the operator knows when a peer may go.
      updateStrategy: { type: 'OnDelete' },
      // Its controller would delete the volumes of any smaller set, whether its peers have left the cluster or not.
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      template: podTemplate(base, settings),
      volumeClaimTemplates: lastingTemplates(base, existing),
    },
  };
}

/** Claim templates of a set never change. Others than it has would make the API server refuse everything else too. */
function lastingTemplates(base: ClusterBase, existing: V1StatefulSet | null) {
  const wanted = claimTemplates(base);
  const live = existing?.spec?.volumeClaimTemplates;
  if (live === undefined || (live.length === wanted.length && contains(live, wanted))) return wanted;
  return live.map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...(metadata?.name === undefined ? {} : { name: metadata.name }),
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
    },
    ...(spec === undefined ? {} : { spec }),
  }));
}
