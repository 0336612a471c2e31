/** Steps that disturb nothing: missing witnesses, marks of volumes, and which pods the client Service sends requests. */
import { isSettledVoter } from '../assess/joins.js';
import type { Assessment } from '../assess/assessment.js';
import { podAt, volumeAt, type BootstrapClaim, type Observation } from '../observe/observation.js';
import type { PeerId } from '../qdrant/qdrant-api.js';
import type { Step } from './step.js';

export function quietSteps(observation: Observation, assessment: Assessment): readonly Step[] {
  const claim = assessment.claim;
  if (assessment.twoClusters !== null) return [];
  if (claim.kind !== 'claimed') return beforeTheClaim(observation);
  return [
    ...missingWitnesses(observation, claim),
    ...volumeLabels(observation, assessment, claim.peer),
    ...detachments(observation, assessment, claim.peer),
    ...serving(observation, assessment),
  ];
}

/** A first pod that was replaced after its grant starts by itself, from a template that lets it serve. */
function beforeTheClaim(observation: Observation): readonly Step[] {
  return observation.pods
    .filter((pod) => pod.serving && !pod.deleting && pod.disk.kind === 'peer')
    .map((pod) => ({ kind: 'set-serving', pod: { name: pod.name, uid: pod.uid }, serving: false }));
}

function missingWitnesses(
  observation: Observation,
  claim: Extract<Assessment['claim'], { kind: 'claimed' }>,
): readonly Step[] {
  if (!claim.missing.includes('status') && !claim.missing.includes('record')) return [];
  const known = [observation.claimInStatus, observation.claimInRecord].find((other) => other?.peer === claim.peer);
  const written: BootstrapClaim = known ?? {
    peer: claim.peer,
    ordinal: claim.ordinal ?? 0,
    at: new Date(observation.atMs).toISOString(),
  };
  return [{ kind: 'write-claim', claim: written, volumes: [] }];
}

/** Written once a peer has joined, so that a mark with a member's name proves it. */
function volumeLabels(observation: Observation, assessment: Assessment, firstPeer: PeerId): readonly Step[] {
  return assessment.peers.flatMap((peer): readonly Step[] => {
    if (peer.pod === null || !isSettledVoter(peer, assessment)) return [];
    const volume = volumeAt(observation, peer.pod.ordinal);
    if (volume === undefined || volume.deleting || volume.detached) return [];
    if (volume.peer === peer.id && volume.bootstrapPeer === firstPeer) return [];
    return [{ kind: 'label-volume', volume: { name: volume.name, uid: volume.uid }, peer: peer.id, firstPeer }];
  });
}

/** A volume whose peer is no member by the majority, and on which no new peer can have begun. */
function detachments(observation: Observation, assessment: Assessment, firstPeer: PeerId): readonly Step[] {
  if (!assessment.quorum.available) return [];
  return observation.volumes.flatMap((volume): readonly Step[] => {
    if (volume.detached || volume.peer === null || volume.bootstrapPeer !== firstPeer) return [];
    if (assessment.peers.some((peer) => peer.id === volume.peer)) return [];
    if (assessment.peers.some((peer) => peer.ordinal === volume.ordinal)) return [];
    const pod = podAt(observation, volume.ordinal);
    const stranger = assessment.strangers.find((candidate) => candidate.pod.uid === pod?.uid);
    const certain = pod === undefined || volume.lost || stranger?.peer === volume.peer;
    return certain ? [{ kind: 'detach-volume', volume: { name: volume.name, uid: volume.uid } }] : [];
  });
}

/** A removed peer answers probes as if all were well, and would be sent requests for ever. */
function serving(observation: Observation, assessment: Assessment): readonly Step[] {
  if (!assessment.quorum.available || assessment.claim.kind !== 'claimed') return [];
  const written = !assessment.claim.missing.includes('status') && !assessment.claim.missing.includes('record');
  return observation.pods.flatMap((pod): readonly Step[] => {
    if (pod.deleting) return [];
    const ref = { name: pod.name, uid: pod.uid };
    if (assessment.strangers.some((stranger) => stranger.pod.uid === pod.uid)) {
      return pod.serving ? [{ kind: 'set-serving', pod: ref, serving: false }] : [];
    }
    // Above the wanted size it is scaling down that takes a pod out of the Service.
    if (pod.serving || pod.ordinal >= observation.wanted.size || !written) return [];
    const peer = assessment.peers.find((candidate) => candidate.pod?.uid === pod.uid);
    const belongs = peer !== undefined && isSettledVoter(peer, assessment);
    return belongs ? [{ kind: 'set-serving', pod: ref, serving: true }] : [];
  });
}
