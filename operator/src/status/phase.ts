/** One word for people and scripts, in the words of Qdrant's status. Machines read conditions. */
import type { ClusterPhase } from '../api/cluster-status.js';
import type { Procedure } from '../plan/plan.js';
import type { Progress } from './progress.js';
import type { StatusInput } from './status-input.js';

const scalingProcedures: ReadonlySet<Procedure> = new Set(['Join', 'ScaleUp', 'ScaleDown', 'Rebalance']);

export function phaseOf(input: StatusInput, progress: Progress): ClusterPhase {
  const { observation, plan, previous, problems } = input;
  if (observation.wanted.pause !== null) return 'ManualMaintenance';
  if (progress.missing === null) return 'Healthy';
  if (previous?.lastHealthyTime === undefined) {
    return progress.stalled !== null && progress.goingOn === null ? 'FailedToCreate' : 'Creating';
  }
  if (isDown(input)) return 'NotReady';
  const procedures = [plan.step, plan.waiting, ...plan.blocks].map((part) => part?.procedure ?? null);
  const scales = procedures.some((procedure) => procedure !== null && scalingProcedures.has(procedure));
  if (scales || observation.set?.replicas !== observation.wanted.size) return 'Scaling';
  if (problems.length > 0) return 'FailedToUpdate';
  return procedures.includes('TakeBack') ? 'Updating' : 'NotReady';
}

/** Something that was there is missing, whatever else goes on. */
function isDown({ observation, assessment }: StatusInput): boolean {
  const { quorum, peers, lostPeers, twoClusters, claim } = assessment;
  if (claim.kind === 'all-volumes-lost' || twoClusters !== null || lostPeers.length > 0) return true;
  if (!quorum.available && !quorum.settling) return true;
  const arriving = new Set([...assessment.joiningPods, ...assessment.waitingPods].map((pod) => pod.ordinal));
  return peers.some(({ ordinal, pod }) => {
    const comesOrGoes = ordinal !== null && (ordinal >= observation.wanted.size || arriving.has(ordinal));
    return !comesOrGoes && pod?.ready !== true;
  });
}
