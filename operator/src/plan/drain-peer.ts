/** Gets the shards off a peer that leaves: one transfer at a time, and none to a peer that is busy with another. */
import { planDrain, type DrainStep } from '@qdrant-operator/node/dist/placement/drain.js';
import type { Assessment, Peer } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { podName } from '../observe/wanted-cluster.js';
import type { Proposal } from './plan.js';
import { blocked, take, wait } from './proposal.js';
import { keepersOf, nameOfPeer, placedShard, placementPeer } from './shard-placement.js';
import { failedTarget, proposeFollowing, proposeTransfer } from './transfer-watch.js';

const procedure = 'ScaleDown';

type Leaver = Peer & { readonly ordinal: number };

/** To be asked while no transfer touches the leaver, and it holds at least one replica. */
export function proposeEmptying(
  observation: Observation,
  assessment: Assessment,
  leaver: Leaver,
  held: number,
): Proposal {
  if (!observation.wanted.movesShards) {
    return blocked(
      procedure,
      'ShardMovesForbidden',
      `${nameOfPeer(observation, leaver)} has ${held} shards, and spec.clusterManager is false. Move them by hand, set clusterManager: true, or raise spec.size`,
    );
  }
  const steps = drainSteps(observation, assessment, leaver, null);
  const possible = steps.filter((step) => step.kind !== 'blocked');
  const next = possible.find((step) => isFree(assessment, step));
  if (next !== undefined) return proposeDrainStep(observation, assessment, leaver, next, held);
  // What is possible, but not free, is so because of a transfer between peers that stay.
  const busy = assessment.shardMap.kind === 'agreed' ? assessment.shardMap.transfers[0] : undefined;
  if (possible.length > 0 && busy !== undefined) return proposeFollowing(observation, procedure, busy);
  return proposeUnblocking(observation, leaver, steps);
}

function drainSteps(
  observation: Observation,
  assessment: Assessment,
  leaver: Leaver,
  avoided: string | null,
): readonly DrainStep[] {
  if (assessment.shardMap.kind === 'unknown') return [];
  const keepers = keepersOf(observation, assessment).map((peer) => placementPeer(assessment, peer));
  return planDrain({
    shards: assessment.shardMap.shards.map(placedShard),
    leaving: placementPeer(assessment, leaver),
    keepers: keepers.map((keeper) => (keeper.id === avoided ? { ...keeper, available: false } : keeper)),
  });
}

function proposeDrainStep(
  observation: Observation,
  assessment: Assessment,
  leaver: Leaver,
  planned: Exclude<DrainStep, { kind: 'blocked' }>,
  held: number,
): Proposal {
  const { collection, shard } = planned;
  if (planned.kind === 'drop') {
    const why = `${nameOfPeer(observation, leaver)} leaves, and the shard is Active on ${planned.activeOn.join(' and ')}`;
    return take(procedure, { kind: 'drop-replica', collection, shard, peer: leaver.id, why });
  }
  const avoided = failedTarget(observation, procedure, planned);
  const other = drainSteps(observation, assessment, leaver, avoided).find(
    (step) =>
      step.kind === 'move' && step.collection === collection && step.shard === shard && isFree(assessment, step),
  );
  const { from, to } = other?.kind === 'move' ? other : planned;
  const left = held === 1 ? 'its last shard' : `${held} shards are left`;
  const why = `${podName(observation.wanted, leaver.ordinal)} leaves the cluster; ${left}`;
  return proposeTransfer(observation, procedure, { kind: 'move-shard', move: { collection, shard, from, to }, why });
}

/** A peer takes part in one transfer at a time, and a shard that is being copied is left alone. */
function isFree(assessment: Assessment, step: DrainStep): boolean {
  if (assessment.shardMap.kind === 'unknown') return false;
  return assessment.shardMap.transfers.every(({ collection, shard, from, to }) => {
    if (collection === step.collection && shard === step.shard) return false;
    return step.kind !== 'move' || (from !== step.to && to !== step.to);
  });
}

function proposeUnblocking(observation: Observation, leaver: Leaver, steps: readonly DrainStep[]): Proposal {
  const { set, wanted } = observation;
  const name = nameOfPeer(observation, leaver);
  // A pod that somebody took away by hand comes back, since what it has is nowhere else.
  if (set !== null && set.replicas <= leaver.ordinal) {
    const why = `${name} is a member with shards, and has no pod to give them away`;
    return take(procedure, { kind: 'grow', to: leaver.ordinal + 1, why });
  }
  const first = steps.find((step) => step.kind === 'blocked');
  if (first === undefined) return wait(procedure, `${name} is being emptied`);
  const shard = `${first.collection}/${first.shard}`;
  const more = steps.length > 1 ? `, and ${steps.length - 1} more of its shards can't be moved` : '';
  const undo = `Or raise spec.size above ${leaver.ordinal}, which keeps ${podName(wanted, leaver.ordinal)}.`;
  switch (first.reason) {
    case 'no-active-replica':
      return blocked(
        procedure,
        'NoActiveReplica',
        `${name} can't leave: no peer that stays has an Active replica of ${shard}${more}. ${undo}`,
      );
    case 'too-few-active':
      return blocked(
        procedure,
        'NoActiveReplica',
        `${name} can't leave: without it fewer than two replicas of ${shard} are Active${more}. Its other replicas have to recover. ${undo}`,
      );
    case 'not-available':
      return blocked(
        procedure,
        'PodNotStarting',
        `${name} can't leave: ${shard} has to move, and it or the peers without that shard do not answer${more}. ${undo}`,
      );
  }
}
