/** Gives the set all the pods that are wanted at once: they start, wait, and are let in one by one. */
import type { Assessment } from '../assess/assessment.js';
import type { Observation, ObservedVolume } from '../observe/observation.js';
import { proposeClearing } from './detached-volume.js';
import type { Proposal } from './plan.js';
import { done, take, wait } from './proposal.js';

/** Up to the first volume that no new peer can start from. */
export function proposeGrow(observation: Observation, assessment: Assessment): Proposal {
  const { set, wanted } = observation;
  const claim = assessment.claim;
  if (claim.kind !== 'claimed' || set === null || set.replicas >= wanted.size) return done;
  // What makes a second pod safe is that the claim outlives the first one's volume.
  if (claim.missing.includes('record') || claim.missing.includes('status')) {
    return wait('ScaleUp', 'The claim of the cluster is not written everywhere yet', 500);
  }
  const to = Math.min(wanted.size, ...volumesInTheWay(assessment, set.replicas).map((volume) => volume.ordinal));
  return to > set.replicas ? take('ScaleUp', { kind: 'grow', to, why: `${wanted.size} peers are wanted` }) : done;
}

/** Asked apart from the growth, because a volume that is being deleted may be held by others for long. */
export function proposeRoomToGrow(observation: Observation, assessment: Assessment): Proposal {
  const { set, wanted, pods } = observation;
  if (assessment.claim.kind !== 'claimed' || set === null || set.replicas >= wanted.size) return done;
  let blocking: Proposal = done;
  for (const volume of volumesInTheWay(assessment, set.replicas)) {
    const pod = pods.find((candidate) => candidate.ordinal === volume.ordinal) ?? null;
    const clearing = proposeClearing(observation, 'ScaleUp', volume, pod);
    if (clearing.kind !== 'blocked') return clearing;
    if (blocking.kind === 'done') blocking = clearing;
  }
  return blocking;
}

function volumesInTheWay(assessment: Assessment, replicas: number): readonly ObservedVolume[] {
  return assessment.detachedVolumes.filter((volume) => volume.ordinal >= replicas);
}
