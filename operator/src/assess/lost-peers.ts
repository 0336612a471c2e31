/**
 * Peers of which it is certain that their data is gone. A pod that does not answer proves nothing, and neither does one
 * that crashes: the volume has to be seen empty, with another peer on it, or lost.
 */
import { podAt, volumeAt, type Observation, type ObservedPod, type ObservedVolume } from '../observe/observation.js';
import type { PeerId } from '../qdrant/qdrant-api.js';
import type { LostPeer, Peer, ShardMap } from './assessment.js';
import { answersOf, isKnownEmpty, type Membership } from './members.js';

export function lostPeersOf(observation: Observation, membership: Membership, map: ShardMap): readonly LostPeer[] {
  const lost = membership.peers.flatMap((peer) => {
    const ordinal = peer.ordinal;
    // The peer that answers has its data.
    if (ordinal === null || peer.pod !== null) return [];
    const pod = podAt(observation, ordinal) ?? null;
    const volume = volumeAt(observation, ordinal) ?? null;
    const evidence = evidenceOf(observation, membership, { peer, pod, volume });
    return evidence === null ? [] : [{ peer: peer.id, ordinal, pod, evidence }];
  });
  const gone = new Set(lost.map((entry) => entry.peer));
  const alive = new Set(membership.peers.filter((peer) => peer.pod !== null && !gone.has(peer.id)).map(({ id }) => id));
  return lost.map((entry) => ({ ...entry, shards: heldBy(entry.peer, map, alive) }));
}

function evidenceOf(
  observation: Observation,
  membership: Membership,
  place: { readonly peer: Peer; readonly pod: ObservedPod | null; readonly volume: ObservedVolume | null },
): string | null {
  const { peer, pod, volume } = place;
  const silentSinceMs = pod === null ? null : pod.notReadySinceMs;
  if (volume?.lost === true && silentSinceMs !== null) {
    const patient = observation.atMs - silentSinceMs >= observation.wanted.deadPeer.detectAfterMs;
    return patient ? `the claim ${volume.name} has lost its volume` : null;
  }
  if (pod === null) return null;
  // The witness ran before the grant, so it tells nothing of a pod that was let start since.
  if (isKnownEmpty(pod)) return `${pod.name} came up with an empty volume`;
  const other = peerOn(observation, pod);
  if (other === null || other === peer.id) return null;
  // A member that shows up at the address of another one has been moved there; its data is not lost, and the
  // member whose place it took may still be on a volume that nobody mounted.
  if (membership.peers.some((member) => member.id === other)) return null;
  return `${pod.name} came up with the volume of peer ${other}`;
}

function peerOn(observation: Observation, pod: ObservedPod): PeerId | null {
  const answer = answersOf(observation).find((view) => view.podUid === pod.uid);
  if (answer !== undefined) return answer.cluster.peerId;
  return pod.disk.kind === 'peer' ? pod.disk.peer : null;
}

function heldBy(peer: PeerId, map: ShardMap, alive: ReadonlySet<PeerId>): LostPeer['shards'] {
  if (map.kind === 'unknown') return null;
  return map.shards
    .filter((shard) => shard.replicas.some((replica) => replica.peer === peer))
    .map((shard) => ({
      shard,
      // States alone never prove that a replica lives: those of a dead peer stay Active until somebody writes.
      activeElsewhere: shard.replicas
        .filter((replica) => replica.state === 'Active' && alive.has(replica.peer))
        .map((replica) => replica.peer),
    }));
}
