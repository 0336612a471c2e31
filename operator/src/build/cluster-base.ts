/** What every manifest of a cluster is made from. */
import type { V1OwnerReference } from '@kubernetes/client-node';
import type { GroupNames } from '../api/group.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import { objectNames, type ObjectNames } from './names.js';

/** What the operator was started with. */
export interface BuildSettings {
  readonly group: GroupNames;
  /** Repository of the nodes' image where the spec names none. */
  readonly nodeImage: string;
  /** Text of the script that starts a node in its pod. */
  readonly startScript: string;
}

export interface ClusterBase {
  readonly resource: QdrantClusterResource;
  /** Name of the resource, which is not always that of its objects. */
  readonly name: string;
  readonly namespace: string;
  readonly names: ObjectNames;
  readonly group: GroupNames;
  readonly owner: V1OwnerReference;
  readonly settings: BuildSettings;
}

/** The resource is as the API server has it, with a uid. */
export function clusterBase(resource: QdrantClusterResource, settings: BuildSettings): ClusterBase {
  const { apiVersion, kind, metadata } = resource;
  const { name, namespace, uid } = metadata;
  if (name === undefined || namespace === undefined || uid === undefined) {
    throw new TypeError('A QdrantCluster from the API server has a name, a namespace and a uid');
  }
  return {
    resource,
    name,
    namespace,
    names: objectNames(resource),
    group: settings.group,
    // Without blockOwnerDeletion, for which the operator would need to be allowed to change finalizers.
    owner: { apiVersion, kind, name, uid, controller: true },
    settings,
  };
}
