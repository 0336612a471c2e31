/** Which pods are on their way into the cluster, and which carry a peer that is no part of it. */
import { volumeAt, type Observation, type ObservedPod } from '../observe/observation.js';
import type { PeerId } from '../qdrant/qdrant-api.js';
import type { Peer, Stranger } from './assessment.js';
import { answersOf, hasJoinGrant, isKnownEmpty, type AnsweredView, type Membership } from './members.js';

/** The views of a pass are not of the same instant: the leader commits on while the others are asked. */
const commitSlack = 16;

export interface Joins {
  readonly waiting: readonly ObservedPod[];
  readonly joining: readonly ObservedPod[];
  readonly strangers: readonly Stranger[];
}

export function joinsOf(observation: Observation, membership: Membership): Joins {
  const answers = new Map(answersOf(observation).map((view) => [view.podUid, view]));
  const present = observation.pods.filter((pod) => !pod.deleting);
  const strangers = present.flatMap((pod) => {
    const peer = strangerOn(observation, membership, pod, answers.get(pod.uid));
    return peer === null ? [] : [{ pod, peer }];
  });
  const strange = new Set(strangers.map((stranger) => stranger.pod));
  return {
    waiting: present.filter((pod) => pod.running && isKnownEmpty(pod) && !answers.has(pod.uid)),
    joining: present.filter(
      (pod) => hasJoinGrant(pod) && !strange.has(pod) && !hasJoined(observation, membership, pod),
    ),
    strangers,
  };
}

/** A peer counts as joined from when it votes and knows what the leader knows. */
export function isSettledVoter(peer: Peer, membership: Pick<Membership, 'peers' | 'leader' | 'quorum'>): boolean {
  if (!membership.quorum.available || peer.voter !== true || peer.consensusWorks !== true) return false;
  const leader = membership.peers.find((other) => other.id === membership.leader);
  const target = leader?.commit ?? null;
  return target !== null && peer.commit !== null && peer.commit >= target - commitSlack;
}

function hasJoined(observation: Observation, membership: Membership, pod: ObservedPod): boolean {
  const volume = volumeAt(observation, pod.ordinal);
  // The mark is written when the peer has joined, so a pod that is down later is not taken for a new one.
  const marked = membership.peers.some((peer) => peer.ordinal === pod.ordinal && peer.id === volume?.peer);
  return marked || membership.peers.some((peer) => peer.pod?.uid === pod.uid && isSettledVoter(peer, membership));
}

function strangerOn(
  observation: Observation,
  membership: Membership,
  pod: ObservedPod,
  answer: AnsweredView | undefined,
): PeerId | null {
  if (!membership.quorum.available) return null;
  const id = answer?.cluster.peerId ?? (pod.disk.kind === 'peer' ? pod.disk.peer : null);
  if (id === null || membership.peers.some((peer) => peer.id === id)) return null;
  const volume = volumeAt(observation, pod.ordinal);
  // One that is being let in is not a member yet either, but has never been one and its consensus works.
  const isNew = hasJoinGrant(pod) && volume?.peer !== id && answer?.cluster.raft.consensusWorks !== false;
  return isNew ? null : id;
}
