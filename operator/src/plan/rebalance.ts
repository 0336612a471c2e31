/**
 * Spreads the shards evenly, by count and one move at a time, while everything is at rest: who moves shards while some
 * are missing makes two troubles out of one. Every pass makes the whole plan anew, and it goes on as it began.
 */
import { planBalance, type BalanceMove } from '@qdrant-operator/node/dist/placement/balance.js';
import type { PlacedShard } from '@qdrant-operator/node/dist/placement/placed-shard.js';
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { whyNotAtRest } from './disruption.js';
import type { Proposal } from './plan.js';
import { done } from './proposal.js';
import { keepersOf, leaversOf, placedShard, placementPeer, wantedSize } from './shard-placement.js';
import { isAskedFor, proposeFollowing, proposeTransfer } from './transfer-watch.js';

const procedure = 'Rebalance';

export function proposeRebalance(observation: Observation, assessment: Assessment): Proposal {
  const { shardMap } = assessment;
  if (!mayRebalance(observation, assessment) || shardMap.kind === 'unknown') return done;
  const running = shardMap.transfers.find((transfer) => isAskedFor(observation, procedure, transfer));
  if (running !== undefined) return proposeFollowing(observation, procedure, running);
  if (whyNotAtRest(observation, assessment) !== null) return done;
  const next = balanceMoves(observation, assessment, shardMap.shards.map(placedShard))[0];
  if (next === undefined) return done;
  const { collection, shard, from, to } = next;
  const why = whyBalanced(next);
  return proposeTransfer(observation, procedure, { kind: 'move-shard', move: { collection, shard, from, to }, why });
}

/** Between the peers of a cluster of the wanted size, and only if that is wanted. */
export function mayRebalance(observation: Observation, assessment: Assessment): boolean {
  const { set, wanted } = observation;
  return (
    wanted.rebalance &&
    wanted.movesShards &&
    assessment.claim.kind === 'claimed' &&
    assessment.quorum.available &&
    set?.replicas === wantedSize(observation) &&
    leaversOf(observation, assessment).length === 0 &&
    keepersOf(observation, assessment).length === set.replicas
  );
}

export function balanceMoves(
  observation: Observation,
  assessment: Assessment,
  shards: readonly PlacedShard[],
): readonly BalanceMove[] {
  const peers = keepersOf(observation, assessment).map((peer) => placementPeer(assessment, peer));
  return planBalance({ shards, peers });
}

export function whyBalanced({ scope, donorHas, recipientHas }: BalanceMove): string {
  switch (scope) {
    case 'shard-key':
      return `the peers have ${donorHas} and ${recipientHas} of its shard key`;
    case 'collection':
      return `the peers have ${donorHas} and ${recipientHas} of its collection`;
    case 'all':
      return `the peers have ${donorHas} and ${recipientHas} shards`;
  }
}
