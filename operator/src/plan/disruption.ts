/** Whether a pod may be evicted: everything that could be missed by it has to be there and at rest. */
import { isSettledVoter } from '../assess/joins.js';
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';

export function isAtRest(observation: Observation, assessment: Assessment): boolean {
  return whyNotAtRest(observation, assessment) === null;
}

/** The first thing that is not as it has to be, in a sentence. */
export function whyNotAtRest(observation: Observation, assessment: Assessment): string | null {
  const { set, pods } = observation;
  if (assessment.claim.kind !== 'claimed') return 'The cluster is not begun yet.';
  if (assessment.twoClusters !== null) return assessment.twoClusters;
  if (!assessment.quorum.available) return assessment.quorum.why;
  const wantedPods = set?.replicas ?? 0;
  if (wantedPods === 0 || pods.length !== wantedPods) return `${pods.length} of ${wantedPods} pods exist.`;
  const notReady = pods.find((pod) => !pod.ready || pod.deleting);
  if (notReady !== undefined) return `${notReady.name} is not ready.`;
  const lost = assessment.lostPeers[0];
  if (lost !== undefined) return `Peer ${lost.peer} lost its volume: ${lost.evidence}.`;
  const joining = assessment.joiningPods[0] ?? assessment.waitingPods[0];
  if (joining !== undefined) return `${joining.name} is not a peer yet.`;
  const outside = pods.find((pod) => assessment.peers.every((peer) => peer.pod?.uid !== pod.uid));
  if (outside !== undefined) return `${outside.name} does not answer as a member.`;
  const absent = assessment.peers.find((peer) => !isSettledVoter(peer, assessment));
  if (absent !== undefined) return `Peer ${absent.id} is no voter that answers.`;
  return whyShardsMove(assessment);
}

/** Also of shards that are on peers which are down. */
function whyShardsMove(assessment: Assessment): string | null {
  const map = assessment.shardMap;
  if (map.kind === 'unknown') return map.why;
  if (map.resharding) return 'A collection is being resharded.';
  for (const shard of map.shards) {
    const unfit = shard.replicas.find((replica) => replica.state !== 'Active');
    if (unfit !== undefined) {
      return `${shard.collection}/${shard.shard} is ${unfit.state} on peer ${unfit.peer}.`;
    }
  }
  const transfer = map.transfers[0];
  if (transfer === undefined) return null;
  return `${transfer.collection}/${transfer.shard} moves from peer ${transfer.from} to peer ${transfer.to}.`;
}
