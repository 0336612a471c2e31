/** Gives the set all the pods that are wanted at once: they start, wait, and are let in one by one. */
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { proposeClearing } from './detached-volume.js';
import type { Proposal } from './plan.js';
import { done, take, wait } from './proposal.js';

export function proposeGrow(observation: Observation, assessment: Assessment): Proposal {
  const { set, wanted } = observation;
  const claim = assessment.claim;
  if (claim.kind !== 'claimed' || set === null || set.replicas >= wanted.size) return done;
  // What makes a second pod safe is that the claim outlives the first one's volume.
  if (claim.missing.includes('record') || claim.missing.includes('status')) {
    return wait('ScaleUp', 'The claim of the cluster is not written everywhere yet', 500);
  }
  const added = assessment.detachedVolumes.filter((volume) => volume.ordinal >= set.replicas);
  for (const volume of added) {
    const pod = observation.pods.find((candidate) => candidate.ordinal === volume.ordinal) ?? null;
    const clearing = proposeClearing(observation, 'ScaleUp', volume, pod);
    if (clearing.kind !== 'blocked') return clearing;
  }
  // The pods below the first volume that stays in the way can come.
  const to = Math.min(wanted.size, ...added.map((volume) => volume.ordinal));
  if (to > set.replicas) {
    return take('ScaleUp', { kind: 'grow', to, why: `${wanted.size} peers are wanted` });
  }
  return proposeClearing(observation, 'ScaleUp', added[0]!, null);
}
