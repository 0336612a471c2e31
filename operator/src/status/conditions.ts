/** Conditions: what is so, why in one word of a closed list, and why in a sentence that names pods and shards. */
import { conditionTypes, type ConditionType, type StatusCondition } from '../api/cluster-status.js';
import type { Shard } from '../assess/assessment.js';
import { podName } from '../observe/wanted-cluster.js';
import type { StatusReason } from './condition-reasons.js';
import type { Progress } from './progress.js';
import type { StatusInput } from './status-input.js';

interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: StatusReason;
  readonly message: string;
}

const maxNamed = 20;
const maxMessageLength = 4000;

export function conditionsOf(input: StatusInput, progress: Progress): StatusCondition[] {
  const verdicts: Readonly<Record<ConditionType, Verdict>> = {
    Ready: ready(progress),
    Reconciling: found(progress.goingOn, 'Nothing is to be done, or nothing can be.'),
    Stalled: found(progress.stalled, 'Nothing waits for a person.'),
    AcceptingConnection: acceptingConnection(input),
    QuorumAvailable: quorumAvailable(input),
    ShardsHealthy: shardsHealthy(input),
    Balanced: balanced(input),
    Drained: drained(input),
    DegradedNoReplica: degradedNoReplica(input),
    UnsupportedField: unsupportedField(input),
    RolloutPending: rolloutPending(input),
  };
  return conditionTypes.map((type) => conditionOf(type, verdicts[type], input));
}

function conditionOf(type: ConditionType, verdict: Verdict, input: StatusInput): StatusCondition {
  const before = input.previous?.conditions?.find((condition) => condition.type === type);
  return {
    type,
    status: verdict.status,
    reason: verdict.reason,
    message: verdict.message.slice(0, maxMessageLength),
    lastTransitionTime:
      before?.status === verdict.status ? before.lastTransitionTime : new Date(input.observation.atMs).toISOString(),
    observedGeneration: input.generation,
  };
}

function ready({ missing }: Progress): Verdict {
  if (missing !== null) return { status: 'False', ...missing };
  const message = 'All wanted peers are voters and ready, and every replica is Active.';
  return { status: 'True', reason: 'AsWanted', message };
}

function found(finding: Progress['stalled'], otherwise: string): Verdict {
  return finding === null
    ? { status: 'False', reason: 'AsWanted', message: otherwise }
    : { status: 'True', reason: finding.reason, message: finding.message };
}

function acceptingConnection({ observation }: StatusInput): Verdict {
  const serving = observation.pods.filter((pod) => pod.ready && pod.serving && !pod.deleting);
  if (serving.length === 0) {
    return { status: 'False', reason: 'NobodyServes', message: 'No pod behind the client Service is ready.' };
  }
  const message = `${listOf(serving.map((pod) => pod.name))} ${serving.length === 1 ? 'serves' : 'serve'} requests.`;
  return { status: 'True', reason: 'Serving', message };
}

function quorumAvailable({ assessment: { quorum, claim } }: StatusInput): Verdict {
  if (quorum.available || quorum.settling) {
    return { status: 'True', reason: 'QuorumAvailable', message: 'A majority of the voters follows one leader.' };
  }
  if (claim.kind === 'unclaimed')
    return { status: 'Unknown', reason: 'NotBegun', message: 'The cluster is not begun.' };
  return { status: 'False', reason: quorum.beyondReturn ? 'QuorumLost' : 'NoQuorum', message: quorum.why };
}

function shardsHealthy({ assessment: { shardMap } }: StatusInput): Verdict {
  if (shardMap.kind === 'unknown') return { status: 'Unknown', reason: 'ShardsUnknown', message: shardMap.why };
  const unfit = shardMap.shards.flatMap((shard) =>
    shard.replicas
      .filter((replica) => replica.state !== 'Active')
      .map((replica) => `${nameOf(shard)} is ${replica.state} on peer ${replica.peer}`),
  );
  if (unfit.length > 0) return { status: 'False', reason: 'ReplicasNotActive', message: `${listOf(unfit)}.` };
  return { status: 'True', reason: 'AllActive', message: 'Every replica is Active.' };
}

function balanced({ observation, assessment, plan }: StatusInput): Verdict {
  if (!observation.wanted.rebalance) {
    return { status: 'Unknown', reason: 'Disabled', message: 'Shards stay where they are: rebalancing is off.' };
  }
  if (assessment.shardMap.kind === 'unknown') {
    return { status: 'Unknown', reason: 'ShardsUnknown', message: assessment.shardMap.why };
  }
  const moves = plan.plannedMoves.length;
  if (moves === 0) return { status: 'True', reason: 'AsWanted', message: 'No shard is to be moved.' };
  const message = `${moves === 1 ? '1 shard is' : `${moves} shards are`} to be moved; status.plannedMoves has the first.`;
  return { status: 'False', reason: 'MovesPlanned', message };
}

function drained({ observation, assessment }: StatusInput): Verdict {
  const leaving = observation.pods.filter((pod) => pod.ordinal >= observation.wanted.size);
  if (leaving.length === 0) return { status: 'True', reason: 'NothingToDrain', message: 'No node is to leave.' };
  const { shardMap, peers } = assessment;
  const lines = leaving.map((pod) => {
    const peer = peers.find(({ ordinal }) => ordinal === pod.ordinal);
    if (peer === undefined) return `${pod.name} is no member`;
    if (shardMap.kind === 'unknown') return `${pod.name} has an unknown number of replicas`;
    const left = shardMap.shards.filter((shard) => shard.replicas.some((replica) => replica.peer === peer.id)).length;
    return `${pod.name} has ${left === 1 ? '1 replica' : `${left} replicas`} left`;
  });
  return { status: 'False', reason: 'Draining', message: `${listOf(lines)}.` };
}

function degradedNoReplica({ plan, assessment }: StatusInput): Verdict {
  if (plan.lostPeers.length === 0) {
    return { status: 'False', reason: 'NoVolumeLost', message: 'No peer is known to have lost its data.' };
  }
  const unique = assessment.lostPeers.some((lost) => lost.shards?.some((held) => held.activeElsewhere.length === 0));
  const lines = plan.lostPeers.map(({ peer, pod, evidence, shards }) => {
    const held = shards.length === 0 ? 'no shards are known on it' : `it held ${listOf(shards)}`;
    return `Peer ${peer} of ${pod} lost its data, since ${evidence}: ${held}.`;
  });
  return { status: 'True', reason: unique ? 'NoActiveReplica' : 'VolumeLost', message: lines.join(' ') };
}

function unsupportedField({ unsupported }: StatusInput): Verdict {
  if (unsupported.length === 0) {
    return { status: 'False', reason: 'AllFieldsActedOn', message: 'All fields that are set are acted on.' };
  }
  return { status: 'True', reason: 'FieldsIgnored', message: `Not acted on: ${listOf(unsupported)}.` };
}

function rolloutPending({ observation }: StatusInput): Verdict {
  const revision = observation.set?.updateRevision ?? null;
  const older = observation.pods.filter(
    (pod) => revision !== null && pod.revision !== null && pod.revision !== revision,
  );
  if (older.length === 0) {
    return { status: 'False', reason: 'SameTemplate', message: 'All pods were made from the present template.' };
  }
  const names = listOf(older.map((pod) => podName(observation.wanted, pod.ordinal)));
  const message = `${names} ${older.length === 1 ? 'was' : 'were'} made from an older template. This version restarts no pod for that: a pod takes the present one when it is deleted.`;
  return { status: 'True', reason: 'OlderTemplate', message };
}

function listOf(names: readonly string[]): string {
  const rest = names.length - maxNamed;
  return `${names.slice(0, maxNamed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function nameOf(shard: Shard): string {
  return `${shard.collection}/${shard.shard}`;
}
