/**
 * What one pass does. The procedures are asked in an order of their own, the first that wants a step or waits for
 * something has the pass, and one that is blocked holds back only those that its block makes unsafe.
 */
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import { replicasToBegin } from './adopt.js';
import { reportLostPeers } from './dead-peer.js';
import { isAtRest } from './disruption.js';
import { operationOf } from './operation-of-pass.js';
import type { Plan, Proposal } from './plan.js';
import { plannedMoves } from './planned-moves.js';
import { whyNotStarting } from './pod-not-starting.js';
import { foundation, upkeep } from './procedures.js';
import { quietSteps } from './volume-marks.js';

const settledMs = 10_000;
const unsettledMs = 1000;
const afterStepMs = 500;

type Acting = Extract<Proposal, { kind: 'step' | 'wait' }>;
type Block = Plan['blocks'][number] & Pick<Plan, 'operation'>;

interface Decision {
  readonly acting: Acting | null;
  readonly blocks: readonly Block[];
  /** Of the quorum, without which nothing else is asked. */
  readonly waitsFor: string | null;
}

export function makePlan(observation: Observation, assessment: Assessment): Plan {
  const stop = blockOfAll(observation, assessment);
  const decision = stop === null ? decide(observation, assessment) : { acting: null, blocks: [stop], waitsFor: null };
  const { acting, waitsFor } = decision;
  const blocks = withStuckPods(observation, decision.blocks);
  const rested = isAtRest(observation, assessment);
  const quiet = stop === null ? quietSteps(observation, assessment) : [];
  return {
    replicas: stop === null ? replicasToBegin(observation, assessment) : (observation.set?.replicas ?? 0),
    quietSteps: quiet,
    step: acting?.kind === 'step' ? { procedure: acting.procedure, step: acting.step, message: acting.message } : null,
    waiting: waitOf(acting, waitsFor),
    blocks: blocks.map(({ procedure, reason, message }) => ({ procedure, reason, message })),
    lostPeers: reportLostPeers(observation, assessment),
    operation: operationOfPass(observation, assessment, acting, blocks),
    plannedMoves: plannedMoves(observation, assessment),
    disruptionAllowed: rested && acting === null,
    lookAgainMs: lookAgainMs(acting, rested && quiet.length === 0),
  };
}

function blockOfAll(observation: Observation, assessment: Assessment): Block | null {
  const { pause } = observation.wanted;
  if (pause !== null) return { procedure: null, reason: 'Paused', message: pause, operation: observation.operation };
  if (assessment.twoClusters === null) return null;
  return { procedure: null, reason: 'TwoClusters', message: assessment.twoClusters, operation: observation.operation };
}

function decide(observation: Observation, assessment: Assessment): Decision {
  for (const propose of foundation) {
    const proposal = propose(observation, assessment);
    if (proposal.kind === 'blocked') return { acting: null, blocks: [blockOf(proposal)], waitsFor: null };
    if (proposal.kind !== 'done') return { acting: proposal, blocks: [], waitsFor: null };
  }
  if (!assessment.quorum.available) return withoutQuorum(assessment);
  const blocks: Block[] = [];
  for (const { propose, heldBy } of upkeep) {
    if (blocks.some((block) => block.procedure !== null && heldBy.includes(block.procedure))) continue;
    const proposal = propose(observation, assessment);
    if (proposal.kind === 'blocked') blocks.push(blockOf(proposal));
    else if (proposal.kind !== 'done') return { acting: proposal, blocks, waitsFor: null };
  }
  return { acting: null, blocks, waitsFor: null };
}

function blockOf(proposal: Extract<Proposal, { kind: 'blocked' }>): Block {
  const { procedure, reason, message } = proposal;
  return { procedure, reason, message, operation: proposal.operation ?? null };
}

/** Pods that are down may come back; those that lost their volumes come back as nobody. */
function withoutQuorum({ quorum }: Assessment): Decision {
  if (!quorum.beyondReturn) return { acting: null, blocks: [], waitsFor: quorum.why };
  const message = `${quorum.why} So many volumes are lost that the peers that are left can decide nothing any more. Bring the volumes back, or begin a new cluster and restore a snapshot`;
  return {
    acting: null,
    blocks: [{ procedure: null, reason: 'QuorumLost', message, operation: null }],
    waitsFor: null,
  };
}

/** A pod that cannot start is told of whatever else goes on. */
function withStuckPods(observation: Observation, blocks: readonly Block[]): readonly Block[] {
  if (blocks.some((block) => block.reason === 'PodNotStarting')) return blocks;
  const stuck = observation.pods.map(whyNotStarting).filter((why) => why !== null);
  if (stuck.length === 0) return blocks;
  const message = stuck.length === 1 ? stuck[0]! : `${stuck[0]!}; and ${stuck.length - 1} more`;
  return [...blocks, { procedure: null, reason: 'PodNotStarting', message, operation: null }];
}

function waitOf(acting: Acting | null, waitsFor: string | null): Plan['waiting'] {
  if (acting?.kind === 'wait') return { procedure: acting.procedure, message: acting.message };
  return waitsFor === null ? null : { procedure: null, message: waitsFor };
}

/** A procedure that counts its attempts keeps its record also while another one only waits. */
function operationOfPass(
  observation: Observation,
  assessment: Assessment,
  acting: Acting | null,
  blocks: readonly Block[],
): Plan['operation'] {
  const counted = blocks.find((block) => block.operation !== null)?.operation ?? null;
  if (acting === null) return counted ?? operationUnderway(observation, assessment);
  if (acting.kind === 'step' || acting.operation !== undefined) return operationOf(observation, acting);
  return counted ?? operationOf(observation, acting);
}

/**
 * An election lets nobody say what became of a transfer, whose attempts count on after it. A mark that a peer is empty
 * says that this was seen all the time, so it does not.
 */
function operationUnderway({ operation }: Observation, { quorum, shardMap }: Assessment): Plan['operation'] {
  if (quorum.available && shardMap.kind === 'agreed') return null;
  return operation?.step === 'confirm-empty' ? null : operation;
}

function lookAgainMs(acting: Acting | null, settled: boolean): number {
  if (acting?.kind === 'step') return afterStepMs;
  if (acting?.kind === 'wait') return Math.max(afterStepMs, Math.min(acting.afterMs, settledMs));
  return settled ? settledMs : unsettledMs;
}
