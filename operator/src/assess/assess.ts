/** What an observation means. */
import type { Observation } from '../observe/observation.js';
import type { Assessment } from './assessment.js';
import { claimOf } from './claim.js';
import { joinsOf } from './joins.js';
import { lostPeersOf } from './lost-peers.js';
import { membersOf } from './members.js';
import { shardMapOf } from './shard-map.js';

export function assess(observation: Observation): Assessment {
  const claim = claimOf(observation);
  const membership = membersOf(observation);
  const shardMap = shardMapOf(membership);
  const lostPeers = lostPeersOf(observation, membership, shardMap);
  const joins = joinsOf(observation, membership);
  const lostVoters = lostPeers.filter((lost) => membership.voters.has(lost.peer)).length;
  const ordinals = Math.max(observation.set?.replicas ?? 0, observation.wanted.size);
  return {
    claim: claim.state,
    twoClusters: membership.twoClusters ?? claim.disputed,
    peers: membership.peers,
    leader: membership.leader,
    quorum: {
      ...membership.quorum,
      beyondReturn: membership.voters.size > 0 && membership.voters.size - lostVoters < membership.majority,
    },
    shardMap,
    lostPeers,
    waitingPods: joins.waiting,
    joiningPods: joins.joining,
    strangers: joins.strangers,
    detachedVolumes: observation.volumes.filter((volume) => volume.detached && volume.ordinal < ordinals),
  };
}
