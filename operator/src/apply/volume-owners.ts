/**
 * Whether the volumes go when the QdrantCluster is deleted: those that it owns do, by Kubernetes' garbage collector.
 * The set never owns them, since its controller would then delete volumes whenever it shrinks.
 */
import type { V1OwnerReference, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { KubernetesApi } from '../k8s/kubernetes-api.js';
import { assertLeads, type Fence } from './fence.js';

export interface VolumeOwnersContext {
  readonly kubernetes: KubernetesApi;
  readonly fence: Fence;
  readonly namespace: string;
  readonly owner: V1OwnerReference;
  readonly whenDeleted: 'Delete' | 'Retain';
  readonly volumes: readonly V1PersistentVolumeClaim[];
}

/** What was changed, for the log. Owners that others have written stay. */
export async function applyVolumeOwners(context: VolumeOwnersContext): Promise<readonly string[]> {
  const { kubernetes, fence, namespace, owner, whenDeleted } = context;
  const changes: string[] = [];
  for (const { metadata } of context.volumes) {
    const { name, uid, resourceVersion, ownerReferences = [], deletionTimestamp } = metadata ?? {};
    if (name === undefined || uid === undefined || resourceVersion === undefined || deletionTimestamp !== undefined) {
      continue;
    }
    const owned = ownerReferences.some((reference) => reference.uid === owner.uid);
    if (owned === (whenDeleted === 'Delete')) continue;
    const others = ownerReferences.filter((reference) => reference.uid !== owner.uid);
    const change = { ownerReferences: owned ? others : [...others, withoutControl(owner)] };
    assertLeads(fence);
    await kubernetes.patchMetadata('PersistentVolumeClaim', { namespace, name }, change, { uid, resourceVersion });
    changes.push(owned ? `kept ${name} for after the cluster` : `let ${name} go with the cluster`);
  }
  return changes;
}

/** An object has one controller, and the volumes' is nobody. */
function withoutControl({ apiVersion, kind, name, uid }: V1OwnerReference): V1OwnerReference {
  return { apiVersion, kind, name, uid };
}
