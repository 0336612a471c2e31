/**
 * The status of a cluster, out of what a pass has seen, understood and decided. The same world gives an equal status,
 * however much later: it is written when it changes, never else.
 */
import type { ClusterStatus, PlannedMove, StatusBootstrap, StatusOperation } from '../api/cluster-status.js';
import type { BootstrapClaim, OperationRecord } from '../observe/observation.js';
import { conditionsOf } from './conditions.js';
import { nodesOf, versionOf } from './node-status.js';
import { phaseOf } from './phase.js';
import { progressOf } from './progress.js';
import type { StatusInput } from './status-input.js';

const shownMoves = 10;
const maxTextLength = 1024;

export function statusOf(input: StatusInput): ClusterStatus {
  const { observation, plan, previous } = input;
  const progress = progressOf(input);
  const phase = phaseOf(input, progress);
  const claim = claimOf(input);
  const peers = peersOf(input);
  const version = versionOf(input);
  const volumeSize = previous?.volumeSize ?? input.volumeSize ?? undefined;
  const lastHealthyTime = lastHealthyTimeOf(input, phase === 'Healthy');
  return {
    observedGeneration: input.generation,
    phase,
    reason: (progress.missing?.message ?? 'All is as it is wanted.').slice(0, maxTextLength),
    availableNodes: observation.pods.filter((pod) => pod.ready && !pod.deleting).length,
    currentNodes: observation.pods.length,
    selector: input.selector,
    availableNodeIndexes: observation.pods.map((pod) => pod.ordinal),
    deleteInProgressNodeIndexes: leavingOrdinals(input),
    ...(version === undefined ? {} : { version }),
    ...(peers === undefined ? {} : { peers }),
    ...(volumeSize === undefined ? {} : { volumeSize }),
    ...(lastHealthyTime === undefined ? {} : { lastHealthyTime }),
    conditions: conditionsOf(input, progress),
    nodes: nodesOf(input),
    ...(claim === undefined ? {} : { bootstrap: claim }),
    ...(plan.operation === null ? {} : { operation: operationStatus(plan.operation) }),
    plannedMoves: plan.plannedMoves.slice(0, shownMoves).map(plannedMove),
  };
}

function operationStatus(record: OperationRecord): StatusOperation {
  return {
    type: record.type,
    step: record.step,
    startedAt: timeOf(record.startedAtMs),
    procedureSince: timeOf(record.procedureSinceMs),
    ...(record.target === null ? {} : { target: record.target.slice(0, maxTextLength) }),
    attempts: record.attempts,
    ...(record.progress === null
      ? {}
      : { progress: { seen: record.progress.seen.slice(0, maxTextLength), since: timeOf(record.progress.sinceMs) } }),
    ...(record.leaseTransitions === null ? {} : { leaseTransitions: record.leaseTransitions }),
    message: record.message.slice(0, maxTextLength),
  };
}

function bootstrapStatus(claim: BootstrapClaim): StatusBootstrap {
  return { peerId: claim.peer, nodeIndex: claim.ordinal, at: claim.at };
}

/** Never cleared; another one only where this pass wrote it, because a lost cluster was begun anew. */
function claimOf({ plan, previous, observation }: StatusInput): StatusBootstrap | undefined {
  const steps = [...plan.quietSteps, ...(plan.step === null ? [] : [plan.step.step])];
  const written = steps.find((step) => step.kind === 'write-claim');
  if (written !== undefined) return bootstrapStatus(written.claim);
  if (previous?.bootstrap !== undefined) return previous.bootstrap;
  return observation.claimInStatus === null ? undefined : bootstrapStatus(observation.claimInStatus);
}

/** While nobody can tell, what was told last. */
function peersOf({ assessment, previous }: StatusInput): number | undefined {
  const { quorum, peers } = assessment;
  return quorum.available || quorum.settling ? peers.length : previous?.peers;
}

/** Until the peer is removed, a raised size takes it back. */
function leavingOrdinals({ observation, assessment }: StatusInput): number[] {
  const { pause, size } = observation.wanted;
  if (pause !== null || assessment.claim.kind !== 'claimed') return [];
  return observation.pods.map((pod) => pod.ordinal).filter((ordinal) => ordinal >= size);
}

/** Written when the phase becomes Healthy and when it stops being so: a clock in a status would have it written on and on. */
function lastHealthyTimeOf({ observation, previous }: StatusInput, healthy: boolean): string | undefined {
  const wasHealthy = previous?.phase === 'Healthy';
  return healthy === wasHealthy && previous?.lastHealthyTime !== undefined
    ? previous.lastHealthyTime
    : healthy || wasHealthy
      ? timeOf(observation.atMs)
      : previous?.lastHealthyTime;
}

function plannedMove(move: StatusInput['plan']['plannedMoves'][number]): PlannedMove {
  const { collection, shard, from, to, why } = move;
  return { collection, shard, from, to, why: why.slice(0, maxTextLength) };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
