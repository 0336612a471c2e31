/**
 * The API group of the resource, and the labels and annotations that begin with it. The group is chosen when the
 * operator is installed: our own, or Qdrant's, so that manifests written for their operator apply unchanged.
 */

export const apiVersionName = 'v1';
export const ownGroup = 'qdrantcluster.dev';
const qdrantGroup = 'qdrant.io';

export type ApiGroup = typeof ownGroup | typeof qdrantGroup;
export const apiGroups: readonly ApiGroup[] = [ownGroup, qdrantGroup];
export const defaultGroup: ApiGroup = ownGroup;

export const kindName = 'QdrantCluster';
export const pluralName = 'qdrantclusters';

/** Tells our CustomResourceDefinition from one of the same name that another product installed. */
export const crdOwnerLabel = { key: `${ownGroup}/crd`, value: 'qdrant-operator' } as const;

export interface GroupNames {
  readonly group: ApiGroup;
  /** As manifests have it: `<group>/v1`. */
  readonly apiVersion: string;
  readonly crdName: string;
  readonly labels: {
    /** On every object: the name of its QdrantCluster. */
    readonly cluster: string;
    /** On pods: the client Service sends them requests. */
    readonly serving: string;
    /** On volume claims: witness of the claim. */
    readonly firstPeer: string;
    /** On volume claims: the peer whose data is on it. */
    readonly peer: string;
    /** On volume claims: `true` when that peer left. */
    readonly detached: string;
  };
  readonly annotations: {
    /** On pods: the grant to start. */
    readonly start: string;
    /** On base objects: hash of the manifest that was last applied. */
    readonly manifestHash: string;
    /** On the QdrantCluster: consent to begin anew; the id of the first peer that is lost. */
    readonly rebootstrap: string;
    /** On the QdrantCluster: consent to lose the last replicas of the peer named. */
    readonly acceptDataLoss: string;
  };
}

export function namesOf(group: ApiGroup): GroupNames {
  return {
    group,
    apiVersion: `${group}/${apiVersionName}`,
    crdName: `${pluralName}.${group}`,
    labels: {
      cluster: `${group}/cluster`,
      serving: `${group}/serving`,
      firstPeer: `${group}/first-peer`,
      peer: `${group}/peer`,
      detached: `${group}/detached`,
    },
    annotations: {
      start: `${group}/start`,
      manifestHash: `${group}/manifest-hash`,
      rebootstrap: `${group}/rebootstrap`,
      acceptDataLoss: `${group}/accept-data-loss`,
    },
  };
}
