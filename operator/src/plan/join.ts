/** Lets the pods that wait become peers, one at a time: each is a learner first, and a voter before the next comes. */
import { hasJoinGrant } from '../assess/members.js';
import type { Assessment } from '../assess/assessment.js';
import { volumeAt, type Observation, type ObservedPod } from '../observe/observation.js';
import { proposeClearing } from './detached-volume.js';
import type { Proposal } from './plan.js';
import { whyNotStarting } from './pod-not-starting.js';
import { blocked, done, take, wait } from './proposal.js';

/** A new peer asks them in turn; more of them would only make the annotation longer. */
const maxUris = 5;

export function proposeJoin(observation: Observation, assessment: Assessment): Proposal {
  if (assessment.claim.kind !== 'claimed') return done;
  // One above the wanted size goes again, whether it has joined or not.
  const joining = assessment.joiningPods.find((pod) => pod.ordinal < observation.wanted.size);
  if (joining !== undefined) return watchJoin(assessment, joining);
  const stranger = clearStranger(observation, assessment);
  if (stranger.kind === 'step' || stranger.kind === 'wait') return stranger;
  const next = assessment.waitingPods.find((pod) => mayJoin(observation, assessment, pod));
  if (next === undefined) return stranger;
  const uris = membersToAsk(assessment);
  if (uris.length === 0) return wait('Join', `${next.name} waits for a member that answers`);
  const pod = { name: next.name, uid: next.uid };
  return take('Join', { kind: 'grant-start', pod, grant: { kind: 'join', uris } });
}

function watchJoin(assessment: Assessment, pod: ObservedPod): Proposal {
  const uris = membersToAsk(assessment);
  const granted = grantedUris(pod);
  const answers = assessment.peers.some((peer) => peer.pod?.uid === pod.uid);
  // Members named in the grant may be gone since; the start script reads the grant again each time it starts.
  const stale = uris.length > 0 && !assessment.peers.some((peer) => peer.pod !== null && granted.has(peer.uri));
  if (!answers && stale) {
    return take('Join', {
      kind: 'grant-start',
      pod: { name: pod.name, uid: pod.uid },
      grant: { kind: 'join', uris },
    });
  }
  const stuck = whyNotStarting(pod);
  if (stuck !== null) return blocked('Join', 'PodNotStarting', stuck);
  return wait('Join', `${pod.name} joins the cluster`, 500);
}

/** A lost peer of the same address has to go first, and pods above the wanted size go without ever joining. */
function mayJoin(observation: Observation, assessment: Assessment, pod: ObservedPod): boolean {
  return (
    pod.ordinal < observation.wanted.size &&
    assessment.peers.every((peer) => peer.ordinal !== pod.ordinal) &&
    assessment.detachedVolumes.every((volume) => volume.ordinal !== pod.ordinal)
  );
}

/** Pods of the wanted size that carry what can start no peer: their volume has to be a new one. */
function clearStranger(observation: Observation, assessment: Assessment): Proposal {
  const wanted = observation.pods.filter((pod) => pod.ordinal < observation.wanted.size);
  let blocking: Proposal = done;
  for (const pod of wanted) {
    const volume = volumeAt(observation, pod.ordinal);
    const stranger = assessment.strangers.find((candidate) => candidate.pod.uid === pod.uid);
    // Above that, scaling down takes the pod, and the volume after it.
    if (volume === undefined || (stranger === undefined && !volume.detached)) continue;
    const proposal =
      volume.detached || volume.lost
        ? proposeClearing(observation, 'Join', volume, pod)
        : blocked(
            'Join',
            'DetachedVolume',
            `${volume.name} has the data of peer ${stranger?.peer ?? volume.peer ?? ''}, which is no member of this cluster. Delete this volume claim and ${pod.name} to let a new peer start there`,
          );
    if (proposal.kind !== 'blocked') return proposal;
    if (blocking.kind === 'done') blocking = proposal;
  }
  return blocking;
}

/** The leader first: a join that need not be passed on has fewer ways to fail. */
function membersToAsk(assessment: Assessment): readonly string[] {
  const answering = assessment.peers.filter(
    (peer) => peer.pod !== null && !peer.pod.deleting && peer.voter === true && peer.consensusWorks === true,
  );
  const leader = answering.filter((peer) => peer.id === assessment.leader);
  const others = answering.filter((peer) => peer.id !== assessment.leader);
  return [...leader, ...others].slice(0, maxUris).map((peer) => peer.uri);
}

function grantedUris(pod: ObservedPod): ReadonlySet<string> {
  return new Set(hasJoinGrant(pod) ? (pod.grant ?? '').slice('join='.length).split(',') : []);
}
