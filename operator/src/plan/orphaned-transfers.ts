/**
 * Watches the transfers that no procedure follows: a person asked for them, or a node did for its own recovery, or
 * their record went with a status. One that stands still would keep everything waiting that needs all replicas Active.
 */
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import type { Proposal } from './plan.js';
import { done } from './proposal.js';
import { proposeFollowing } from './transfer-watch.js';

/** To be asked last, so that it holds up nothing. */
export function proposeOrphanedTransfers(observation: Observation, assessment: Assessment): Proposal {
  const { shardMap } = assessment;
  if (!observation.wanted.movesShards || !assessment.quorum.available || shardMap.kind === 'unknown') return done;
  const first = shardMap.transfers[0];
  if (first === undefined || shardMap.resharding) return done;
  return proposeFollowing(observation, 'Transfer', first);
}
