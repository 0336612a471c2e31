/**
 * Makes room at an ordinal whose volume holds a peer that left: no peer starts from it again, and a set gives each
 * ordinal the same volume for ever. So it goes, claim first, and then the pod, without which the claim stays.
 */
import type { Observation, ObservedPod, ObservedVolume } from '../observe/observation.js';
import type { Procedure, Proposal } from './plan.js';
import { blocked, take, wait } from './proposal.js';

export function proposeClearing(
  observation: Observation,
  procedure: Procedure,
  volume: ObservedVolume,
  pod: ObservedPod | null,
): Proposal {
  if (volume.deleting || pod?.deleting === true) {
    if (pod === null || pod.deleting) return wait(procedure, `The volume claim ${volume.name} is being deleted`);
    const why = `its volume claim ${volume.name} goes, and a new one comes with a new pod`;
    return take(procedure, { kind: 'delete-pod', pod: { name: pod.name, uid: pod.uid }, why });
  }
  // Nothing is retained by keeping the claim of a volume that is lost.
  if (observation.wanted.volumesWhenScaled === 'Delete' || volume.lost) {
    const why = volume.lost ? 'the volume is lost' : 'its peer left the cluster, and a new one is wanted in its place';
    return take(procedure, { kind: 'delete-volume', volume: { name: volume.name, uid: volume.uid }, why });
  }
  const name = volume.peer === null ? 'a peer' : `peer ${volume.peer}`;
  return blocked(
    procedure,
    'DetachedVolume',
    `${volume.name} has the data of ${name}, which left the cluster; delete this volume claim to let a new peer start at ordinal ${volume.ordinal}`,
  );
}
