/**
 * Lets a wrong change be taken back by applying the old manifest. A set that replaces pods only when they are deleted
 * would otherwise keep a pod for ever that cannot start from the template it was made with.
 */
import type { Assessment } from '../assess/assessment.js';
import type { Observation, ObservedPod } from '../observe/observation.js';
import type { Proposal } from './plan.js';
import { whyNotStarting } from './pod-not-starting.js';
import { done, take } from './proposal.js';

export function proposeTakeBack(observation: Observation, assessment: Assessment): Proposal {
  const revision = observation.set?.updateRevision ?? null;
  if (revision === null || observation.pods.some((pod) => pod.deleting)) return done;
  const stuck = observation.pods.find((pod) => isStuck(pod, revision) && !answers(assessment, observation, pod));
  if (stuck === undefined) return done;
  const why = `${whyNotStarting(stuck) ?? stuck.name}; the set has another template now`;
  return take('TakeBack', { kind: 'delete-pod', pod: { name: stuck.name, uid: stuck.uid }, why });
}

function isStuck(pod: ObservedPod, revision: string): boolean {
  return !pod.ready && pod.revision !== null && pod.revision !== revision && whyNotStarting(pod) !== null;
}

/** Between two crashes a process may answer, and then it counts. */
function answers(assessment: Assessment, observation: Observation, pod: ObservedPod): boolean {
  return (
    assessment.peers.some((peer) => peer.pod?.uid === pod.uid) ||
    observation.views.some((view) => view.podUid === pod.uid && view.kind === 'answered')
  );
}
