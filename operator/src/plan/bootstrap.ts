/**
 * The one time in a cluster's life that a node may begin a cluster of its own. Every state that a crash can leave is
 * met by what is seen: no grant yet; granted, not started; a state on the volume, no leader; a leader, no claim.
 */
import type { Assessment, Peer } from '../assess/assessment.js';
import { volumeAt, type BootstrapClaim, type Observation, type ObservedPod } from '../observe/observation.js';
import { proposeClearing } from './detached-volume.js';
import type { Proposal } from './plan.js';
import { whyNotStarting } from './pod-not-starting.js';
import { blocked, done, take, wait } from './proposal.js';

export function proposeBootstrap(observation: Observation, assessment: Assessment): Proposal {
  const claim = assessment.claim;
  switch (claim.kind) {
    case 'claimed':
      return done;
    case 'unclaimed':
      return claimOrGrant(observation, assessment);
    case 'all-volumes-lost':
      if (observation.wanted.consent.newClusterAfter === claim.peer) return claimOrGrant(observation, assessment);
      return blocked(
        'Bootstrap',
        'AllVolumesLost',
        `The cluster was begun by peer ${claim.peer}, and no volume has its data any more. Bring the volumes back, or let a new and empty cluster begin with the annotation rebootstrap: "${claim.peer}"`,
      );
  }
}

function claimOrGrant(observation: Observation, assessment: Assessment): Proposal {
  const leader = assessment.peers.find((peer) => peer.id === assessment.leader);
  if (assessment.quorum.available && leader?.pod) return claimStep(observation, leader, leader.pod);
  if (observation.set === null || observation.pods.length === 0) {
    return wait('Bootstrap', 'The first pod is not there yet');
  }
  const stuck = observation.pods.map(whyNotStarting).find((why) => why !== null);
  if (stuck !== undefined) return blocked('Bootstrap', 'PodNotStarting', stuck);
  const started = observation.pods.find((pod) => pod.grant !== null || pod.disk.kind === 'peer');
  if (started !== undefined) return wait('Bootstrap', `${started.name} starts as the first peer`, 500);
  const waiting = new Set(assessment.waitingPods);
  const absent = observation.pods.find((pod) => !waiting.has(pod));
  // Only when every volume was seen empty can there be no cluster.
  if (absent !== undefined || observation.pods.length < observation.set.replicas) {
    return wait('Bootstrap', `${absent?.name ?? 'A pod'} has not shown yet what is on its volume`, 500);
  }
  return grant(observation, observation.pods[0]!);
}

function grant(observation: Observation, pod: ObservedPod): Proposal {
  const stray = observation.volumes.find(
    (volume) => !volume.detached && !volume.lost && observation.pods.every((other) => other.ordinal !== volume.ordinal),
  );
  if (stray !== undefined) {
    return blocked(
      'Bootstrap',
      'VolumesMissing',
      `${stray.name} exists and may have the data of an earlier cluster, and the volume of ${pod.name} is empty. Delete that volume claim to begin a new cluster, or bring the volume of ${pod.name} back`,
    );
  }
  const volume = volumeAt(observation, pod.ordinal);
  if (volume?.detached === true) return proposeClearing(observation, 'Bootstrap', volume, pod);
  return take('Bootstrap', {
    kind: 'grant-start',
    pod: { name: pod.name, uid: pod.uid },
    grant: { kind: 'bootstrap' },
  });
}

function claimStep(observation: Observation, leader: Peer, pod: ObservedPod): Proposal {
  const claim: BootstrapClaim = {
    peer: leader.id,
    ordinal: pod.ordinal,
    at: new Date(observation.atMs).toISOString(),
  };
  const volumes = observation.volumes
    .filter((volume) => volume.ordinal === pod.ordinal)
    .map((volume) => ({ name: volume.name, uid: volume.uid }));
  return take('Bootstrap', { kind: 'write-claim', claim, volumes });
}
