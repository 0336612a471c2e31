/**
 * Whether the cluster was begun, and by whom: any one of three witnesses is enough. A second cluster can come to be
 * only where all three are missing, or where a person agreed that the first one is lost.
 */
import type { Observation, ObservedVolume } from '../observe/observation.js';
import type { PeerId } from '../qdrant/qdrant-api.js';
import type { ClaimState } from './assessment.js';
import { answersOf, isKnownEmpty, type AnsweredView } from './members.js';

export interface Claim {
  readonly state: ClaimState;
  /** The witnesses name different first peers: volumes of another cluster are in the place of this one's. */
  readonly disputed: string | null;
}

export function claimOf(observation: Observation): Claim {
  const named = witnesses(observation);
  // While a lost cluster is begun anew, some witnesses name the old one still.
  const lost = observation.wanted.consent.newClusterAfter;
  const standing = named.some((peer) => peer !== lost) ? named.filter((peer) => peer !== lost) : named;
  const peer = standing[0];
  if (peer === undefined) return { state: { kind: 'unclaimed' }, disputed: null };
  const others = standing.filter((other) => other !== peer);
  const disputed =
    others.length === 0
      ? null
      : `The cluster was begun by peer ${peer}, and other marks of it name ${[...new Set(others)].join(', ')}.`;
  if (!anyDataLeft(observation, peer)) return { state: { kind: 'all-volumes-lost', peer }, disputed };
  const volumes = observation.volumes.filter((volume) => volume.bootstrapPeer === peer && !volume.detached);
  const missing: ('status' | 'record' | 'volumes')[] = [];
  if (observation.claimInStatus?.peer !== peer) missing.push('status');
  if (observation.claimInRecord?.peer !== peer) missing.push('record');
  if (volumes.length === 0) missing.push('volumes');
  return { state: { kind: 'claimed', peer, ordinal: ordinalOf(observation, peer, volumes), missing }, disputed };
}

/** A detached volume is no witness: nothing starts from it, so it holds no cluster. */
function witnesses(observation: Observation): readonly PeerId[] {
  const onVolumes = observation.volumes
    .filter((volume) => !volume.detached)
    .map((volume) => volume.bootstrapPeer)
    .filter((peer) => peer !== null);
  const written = [observation.claimInStatus?.peer, observation.claimInRecord?.peer].filter(
    (peer) => peer !== undefined,
  );
  return [...written, ...onVolumes];
}

function ordinalOf(observation: Observation, peer: PeerId, volumes: readonly ObservedVolume[]): number | null {
  for (const claim of [observation.claimInStatus, observation.claimInRecord]) {
    if (claim?.peer === peer) return claim.ordinal;
  }
  return (volumes.find((volume) => volume.peer === peer) ?? volumes[0])?.ordinal ?? null;
}

/** Everything of which it is not certain that it is empty may be the cluster's data. */
function anyDataLeft(observation: Observation, firstPeer: PeerId): boolean {
  const answers = new Map(answersOf(observation).map((view) => [view.podUid, view]));
  const pods = new Map(observation.pods.map((pod) => [pod.ordinal, pod]));
  const volumes = new Map(observation.volumes.map((volume) => [volume.ordinal, volume]));
  const consented = observation.wanted.consent.newClusterAfter === firstPeer;
  return [...new Set([...pods.keys(), ...volumes.keys()])].some((ordinal) => {
    const pod = pods.get(ordinal) ?? null;
    const volume = volumes.get(ordinal) ?? null;
    if (volume !== null && (volume.detached || volume.lost)) return false;
    if (pod === null) return true;
    const view = answers.get(pod.uid);
    if (view !== undefined) return !consented || isOfCluster(firstPeer, view, volume);
    if (isKnownEmpty(pod)) return false;
    return !(consented && pod.grant === 'bootstrap');
  });
}

/** The volume's marks count only while the peer that they name is the one that runs on it. */
function isOfCluster(firstPeer: PeerId, view: AnsweredView, volume: ObservedVolume | null): boolean {
  if (view.cluster.peers.has(firstPeer)) return true;
  return volume?.bootstrapPeer === firstPeer && volume.peer === view.cluster.peerId;
}
