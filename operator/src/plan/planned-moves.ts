/** The moves that lie ahead, as people see them in the status before the first is made. */
import { planDrain } from '@qdrant-operator/node/dist/placement/drain.js';
import type { PlacedShard } from '@qdrant-operator/node/dist/placement/placed-shard.js';
import type { Assessment, Transfer } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import type { Plan } from './plan.js';
import { balanceMoves, mayRebalance, whyBalanced } from './rebalance.js';
import { afterTransfer, keepersOf, leaversOf, nameOfPeer, placedShard, placementPeer } from './shard-placement.js';

type PlannedMoves = Plan['plannedMoves'];

/** All of them, in their order; those that run already come first. */
export function plannedMoves(observation: Observation, assessment: Assessment): PlannedMoves {
  const { shardMap } = assessment;
  if (!observation.wanted.movesShards || assessment.claim.kind !== 'claimed' || shardMap.kind === 'unknown') return [];
  const running = shardMap.transfers.filter(({ sync }) => !sync);
  const shards = running.reduce(afterTransfer, shardMap.shards.map(placedShard));
  const ahead =
    leaversOf(observation, assessment).length > 0
      ? drainMoves(observation, assessment, shards)
      : balancingMoves(observation, assessment, shards, shardMap.transfers);
  const under = running.map(({ collection, shard, from, to }) => ({
    collection,
    shard,
    from,
    to,
    why: 'it is moving',
  }));
  return [...under, ...ahead];
}

function drainMoves(observation: Observation, assessment: Assessment, shards: readonly PlacedShard[]): PlannedMoves {
  const keepers = keepersOf(observation, assessment).map((peer) => placementPeer(assessment, peer));
  const moves: PlannedMoves[number][] = [];
  let state = shards;
  for (const leaver of leaversOf(observation, assessment)) {
    const steps = planDrain({ shards: state, leaving: placementPeer(assessment, leaver), keepers });
    for (const step of steps) {
      if (step.kind === 'blocked') continue;
      const { collection, shard } = step;
      state = afterTransfer(state, { collection, shard, from: leaver.id, to: step.kind === 'move' ? step.to : null });
      if (step.kind !== 'move') continue;
      moves.push({ collection, shard, from: leaver.id, to: step.to, why: `${nameOfPeer(observation, leaver)} leaves` });
    }
  }
  return moves;
}

/** While a peer does not answer or a replica is not Active, what would be moved is not known yet. */
function balancingMoves(
  observation: Observation,
  assessment: Assessment,
  shards: readonly PlacedShard[],
  transfers: readonly Transfer[],
): PlannedMoves {
  const answering = keepersOf(observation, assessment).every((peer) => placementPeer(assessment, peer).available);
  const whole = shards.every(({ replicas }) => replicas.every(({ active }) => active));
  if (!mayRebalance(observation, assessment) || !answering || !whole || transfers.some(({ sync }) => sync)) return [];
  return balanceMoves(observation, assessment, shards).map((move) => {
    const { collection, shard, from, to } = move;
    return { collection, shard, from, to, why: whyBalanced(move) };
  });
}
