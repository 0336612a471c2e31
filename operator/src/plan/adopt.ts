/**
 * How many pods a set begins with. A cluster that is known begins with all of its volumes at once: its peers have their
 * state and need no grant, and with fewer of them there might be no majority.
 */
import type { Assessment } from '../assess/assessment.js';
import { answersOf, ordinalOfUri } from '../assess/members.js';
import type { Observation } from '../observe/observation.js';
import { podName } from '../observe/wanted-cluster.js';
import type { Proposal } from './plan.js';
import { blocked, done, wait } from './proposal.js';

/** A set of no pods is what stands while volumes are missed. */
function isBeginning(observation: Observation): boolean {
  return observation.set === null || observation.set.replicas === 0;
}

export function replicasToBegin(observation: Observation, assessment: Assessment): number {
  const now = observation.set?.replicas ?? 0;
  if (assessment.claim.kind === 'unclaimed') return Math.max(1, now, ...ordinalsOfKnownMembers(observation).map(next));
  if (now > 0) return now;
  if (assessment.claim.kind === 'all-volumes-lost') return 1;
  if (missingOrdinals(observation).length > 0) return 0;
  return Math.max(1, retained(observation).length, highestPod(observation) + 1);
}

export function proposeAdoption(observation: Observation, assessment: Assessment): Proposal {
  if (!isBeginning(observation) || assessment.claim.kind !== 'claimed') return done;
  const missing = missingOrdinals(observation);
  if (missing.length === 0) {
    return wait('Adopt', `The set begins with the ${replicasToBegin(observation, assessment)} volumes that there are`);
  }
  const names = missing.map((ordinal) => podName(observation.wanted, ordinal)).join(', ');
  return blocked(
    'Adopt',
    'VolumesMissing',
    `There are volumes of the cluster that peer ${assessment.claim.peer} began, but none for ${names}. Bring the missing ones back, or create empty volume claims of their names to go on without what was on them`,
  );
}

/** Volumes of unknown origin whose first peer names the others: without these it would wait for a majority for ever. */
function ordinalsOfKnownMembers(observation: Observation): readonly number[] {
  const volumes = new Set(retained(observation));
  return answersOf(observation).flatMap((view) =>
    [...view.cluster.peers.values()]
      .map((uri) => ordinalOfUri(observation.wanted, uri))
      .filter((ordinal): ordinal is number => ordinal !== null && volumes.has(ordinal)),
  );
}

function next(ordinal: number): number {
  return ordinal + 1;
}

function retained(observation: Observation): readonly number[] {
  return observation.volumes.filter((volume) => !volume.detached).map((volume) => volume.ordinal);
}

function highestPod(observation: Observation): number {
  return Math.max(-1, ...observation.pods.map((pod) => pod.ordinal));
}

/** Those between the first and the highest that is retained. A pod that still runs has its volume. */
function missingOrdinals(observation: Observation): readonly number[] {
  const there = new Set([...retained(observation), ...observation.pods.map((pod) => pod.ordinal)]);
  const highest = Math.max(-1, ...there);
  return Array.from({ length: Math.min(highest + 1, maxOrdinals) }, (_, ordinal) => ordinal).filter(
    (ordinal) => !there.has(ordinal),
  );
}

/** A volume of a hostile name must not make a list of millions. */
const maxOrdinals = 1000;
