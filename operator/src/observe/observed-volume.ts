/** A data volume of the set, by its claim. */
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { GroupNames } from '../api/group.js';
import { ordinalOf, storageClaim, type ObjectNames } from '../build/names.js';
import { peerIdPattern, type PeerId } from '../qdrant/qdrant-api.js';
import type { ObservedVolume } from './observation.js';

export interface VolumeSurroundings {
  readonly names: ObjectNames;
  readonly group: GroupNames;
}

/** Null: not the data of a pod of this set, such as a volume for snapshots. */
export function observedVolume(
  claim: V1PersistentVolumeClaim,
  { names, group }: VolumeSurroundings,
): ObservedVolume | null {
  const { metadata, status } = claim;
  const { name, uid, resourceVersion } = metadata ?? {};
  const prefix = `${storageClaim}-`;
  const ordinal = name?.startsWith(prefix) === true ? ordinalOf(names, name.slice(prefix.length)) : null;
  if (name === undefined || uid === undefined || resourceVersion === undefined || ordinal === null) return null;
  const labels = metadata?.labels ?? {};
  return {
    ...{ name, ordinal, uid, resourceVersion },
    bound: status?.phase === 'Bound',
    lost: status?.phase === 'Lost',
    deleting: metadata?.deletionTimestamp !== undefined,
    capacity: status?.capacity?.['storage'] ?? null,
    bootstrapPeer: peerIn(labels[group.labels.firstPeer]),
    peer: peerIn(labels[group.labels.peer]),
    detached: labels[group.labels.detached] === 'true',
  };
}

/** A label that somebody wrote something else into says nothing. */
function peerIn(label: string | undefined): PeerId | null {
  return label !== undefined && peerIdPattern.test(label) ? label : null;
}
