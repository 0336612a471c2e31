/** The members and the agreed shard map, as the planners of moves in the node's placement take them. */
import type { PlacedShard, PlacementPeer } from '@qdrant-operator/node/dist/placement/placed-shard.js';
import type { Assessment, Peer, Shard } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { podName } from '../observe/wanted-cluster.js';
import type { PeerId } from '../qdrant/qdrant-api.js';

export function wantedSize(observation: Observation): number {
  return Math.max(1, observation.wanted.size);
}

/** Members that stay. One whose address names no pod of this set is none of ours to give shards to. */
export function keepersOf(observation: Observation, assessment: Assessment): readonly Peer[] {
  const size = wantedSize(observation);
  return assessment.peers.filter(({ ordinal }) => ordinal !== null && ordinal < size);
}

/** Members above the wanted size, the one that goes first first. */
export function leaversOf(observation: Observation, assessment: Assessment): readonly (Peer & { ordinal: number })[] {
  const size = wantedSize(observation);
  return assessment.peers
    .filter((peer): peer is Peer & { ordinal: number } => peer.ordinal !== null && peer.ordinal >= size)
    .toSorted((a, b) => b.ordinal - a.ordinal);
}

export function placementPeer(assessment: Assessment, peer: Peer): PlacementPeer {
  const { pod } = peer;
  const answers = pod !== null && pod.ready && !pod.deleting && peer.voter === true && peer.consensusWorks === true;
  const lost = assessment.lostPeers.some((other) => other.peer === peer.id);
  return { id: peer.id, zone: pod?.zone ?? null, available: answers && !lost };
}

export function placedShard(shard: Shard): PlacedShard {
  const { collection, shard: id, shardKey, replicationFactor } = shard;
  const replicas = shard.replicas.map(({ peer, state }) => ({ peer, active: state === 'Active' }));
  return { collection, shard: id, shardKey, replicationFactor, replicas };
}

/** The same shards once a move has ended, or a copy, or a drop. */
export function afterTransfer(
  shards: readonly PlacedShard[],
  change: {
    readonly collection: string;
    readonly shard: number;
    readonly from: PeerId | null;
    readonly to: PeerId | null;
  },
): readonly PlacedShard[] {
  return shards.map((shard) => {
    if (shard.collection !== change.collection || shard.shard !== change.shard) return shard;
    const others = shard.replicas.filter(({ peer }) => peer !== change.from && peer !== change.to);
    return { ...shard, replicas: change.to === null ? others : [...others, { peer: change.to, active: true }] };
  });
}

/** A peer as people know it: by its pod. */
export function nameOfPeer(observation: Observation, peer: Pick<Peer, 'id' | 'ordinal'>): string {
  return peer.ordinal === null ? `peer ${peer.id}` : `${podName(observation.wanted, peer.ordinal)} (peer ${peer.id})`;
}
