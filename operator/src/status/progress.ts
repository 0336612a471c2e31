/** How far a cluster is from what is wanted, in the terms of kstatus: done, going on by itself, or waiting for a person. */
import { whyNotAtRest } from '../plan/disruption.js';
import type { StatusReason } from './condition-reasons.js';
import type { StatusInput } from './status-input.js';

export interface Finding {
  readonly reason: StatusReason;
  readonly message: string;
}

export interface Progress {
  /** Null when nothing remains to be done: Ready. */
  readonly missing: Finding | null;
  /** What the operator or the cluster does by itself. */
  readonly goingOn: Finding | null;
  /** What only a person can change. */
  readonly stalled: Finding | null;
}

const maxMessageLength = 4000;

export function progressOf(input: StatusInput): Progress {
  const { plan } = input;
  const stalled = stalledOf(input);
  const acting = actingOf(input);
  const unrest = whyNotAtRest(input.observation, input.assessment) ?? remaining(input);
  const left: Finding | null = unrest === null ? null : { reason: 'NotAtRest', message: unrest };
  // What is not at rest gets there by itself, unless a person has to do something first.
  const goingOn = acting ?? (stalled === null ? left : null);
  const paused = plan.blocks.some((block) => block.reason === 'Paused');
  const missing = paused ? left : (stalled ?? acting ?? left);
  return { missing, goingOn, stalled };
}

function stalledOf({ plan, problems }: StatusInput): Finding | null {
  const all: readonly Finding[] = [...problems, ...plan.blocks];
  const first = all[0];
  if (first === undefined) return null;
  const message = all.map((finding) => finding.message).join('. ');
  return { reason: first.reason, message: message.slice(0, maxMessageLength) };
}

function actingOf({ plan }: StatusInput): Finding | null {
  if (plan.step !== null) return { reason: plan.step.procedure, message: plan.step.message };
  if (plan.waiting === null) return null;
  return { reason: plan.waiting.procedure ?? 'NoQuorum', message: plan.waiting.message };
}

function remaining({ observation, assessment, plan }: StatusInput): string | null {
  const replicas = observation.set?.replicas ?? 0;
  const { size } = observation.wanted;
  if (replicas !== size) return `The set has ${replicas} pods, and ${size} are wanted.`;
  if (assessment.peers.length !== size)
    return `The cluster has ${assessment.peers.length} peers, and ${size} are wanted.`;
  if (plan.quietSteps.length > 0) return 'Marks of volumes and pods are still to be written.';
  return plan.plannedMoves.length > 0 ? `${plan.plannedMoves.length} shards are to be moved.` : null;
}
