/**
 * Brings replicas back where a shard has fewer than its replication factor, and there is a peer without one. A replica
 * that is Dead is not missing: its node recovers it by itself.
 */
import { planRepair } from '@qdrant-operator/node/dist/placement/repair.js';
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import type { Proposal } from './plan.js';
import { blocked, done } from './proposal.js';
import { keepersOf, leaversOf, placedShard, placementPeer } from './shard-placement.js';
import { isAskedFor, proposeFollowing, proposeTransfer } from './transfer-watch.js';

const procedure = 'Repair';

export function proposeRepair(observation: Observation, assessment: Assessment): Proposal {
  const { shardMap } = assessment;
  if (!observation.wanted.movesShards || assessment.claim.kind !== 'claimed' || !assessment.quorum.available) {
    return done;
  }
  // The replicas of a lost peer are counted until they are dropped; what is missing is seen after that.
  if (shardMap.kind === 'unknown' || shardMap.resharding || assessment.lostPeers.length > 0) return done;
  const running = shardMap.transfers.find((transfer) => isAskedFor(observation, procedure, transfer));
  if (running !== undefined) return proposeFollowing(observation, procedure, running);

  const planned = planRepair({
    shards: shardMap.shards.map(placedShard),
    peers: keepersOf(observation, assessment).map((peer) => placementPeer(assessment, peer)),
    leaving: leaversOf(observation, assessment).map((peer) => placementPeer(assessment, peer)),
  });
  const copies = planned.filter((step) => step.kind === 'copy');
  const busy = new Set(shardMap.transfers.flatMap(({ from, to }) => [from, to]));
  const next = copies.find(({ from, to }) => !busy.has(from) && !busy.has(to));
  if (next !== undefined) {
    const { collection, shard, from, to } = next;
    const found = shardMap.shards.find((other) => other.collection === collection && other.shard === shard);
    const why = `the shard has ${found?.replicas.length ?? 0} of ${found?.replicationFactor ?? 0} replicas`;
    return proposeTransfer(observation, procedure, {
      kind: 'replicate-shard',
      copy: { collection, shard, from, to },
      why,
    });
  }
  // The peers that could give or take a replica are busy with another transfer.
  const other = shardMap.transfers[0];
  if (copies.length > 0 && other !== undefined) return proposeFollowing(observation, procedure, other);
  // Peers that do not answer are told of elsewhere, and nothing else has to wait for them.
  const lost = planned.find((step) => step.kind === 'blocked' && step.reason === 'no-active-replica');
  if (lost === undefined) return done;
  const message = `${lost.collection}/${lost.shard} lacks replicas, and none is Active to copy from`;
  return blocked(procedure, 'NoActiveReplica', message);
}
