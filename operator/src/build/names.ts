/** What the objects of a cluster are called. Certificates and clients know these names, so they never change. */
import { clusterIdOf } from '../api/cluster-id.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';

export interface ObjectNames {
  readonly id: string;
  readonly set: string;
  readonly headlessService: string;
  readonly clientService: string;
  readonly bootstrapRecord: string;
  readonly disruptionBudget: string;
}

/** Names of claim templates; a claim is called `<template>-<pod>`. */
export const storageClaim = 'qdrant-storage';
export const snapshotsClaim = 'qdrant-snapshots';

export function objectNames({ metadata, spec }: Pick<QdrantClusterResource, 'metadata' | 'spec'>): ObjectNames {
  return namesOfId(clusterIdOf(metadata.name ?? '', spec));
}

export function namesOfId(id: string): ObjectNames {
  return {
    id,
    set: `qdrant-${id}`,
    headlessService: `qdrant-headless-${id}`,
    clientService: `qdrant-${id}`,
    bootstrapRecord: `qdrant-${id}-bootstrap`,
    disruptionBudget: `qdrant-${id}`,
  };
}

/** A pod and the Service for it alone have the same name. */
export function podName(names: ObjectNames, ordinal: number): string {
  return `${names.set}-${ordinal}`;
}

export function settingsName(names: ObjectNames, hash: string): string {
  return `${names.set}-config-${hash}`;
}

export function storageClaimName(names: ObjectNames, ordinal: number): string {
  return `${storageClaim}-${podName(names, ordinal)}`;
}

/** Null for what is no pod of the set, such as one of another cluster whose name begins alike. */
export function ordinalOf(names: ObjectNames, pod: string): number | null {
  const prefix = `${names.set}-`;
  const digits = pod.startsWith(prefix) ? pod.slice(prefix.length) : '';
  return /^(0|[1-9][0-9]{0,5})$/.test(digits) ? Number(digits) : null;
}
