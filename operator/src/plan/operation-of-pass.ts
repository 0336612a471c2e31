/** What `status.operation` says of a pass, also where the procedure keeps no count of its own. */
import type { Observation, OperationRecord } from '../observe/observation.js';
import type { Proposal } from './plan.js';
import type { Step } from './step.js';

export function operationOf(
  observation: Observation,
  proposal: Extract<Proposal, { kind: 'step' | 'wait' }>,
): OperationRecord {
  if (proposal.operation !== undefined) return proposal.operation;
  const before = observation.operation;
  const step = proposal.kind === 'step' ? proposal.step.kind : 'wait';
  const target = proposal.kind === 'step' ? targetOf(proposal.step) : null;
  const ofProcedure = before?.type === proposal.procedure ? before : null;
  const same = ofProcedure?.step === step && ofProcedure.target === target ? ofProcedure : null;
  return {
    type: proposal.procedure,
    step,
    // A wait goes on since it began, so that a status of an unchanged world stays the same.
    startedAtMs: proposal.kind === 'wait' ? (same?.startedAtMs ?? observation.atMs) : observation.atMs,
    procedureSinceMs: ofProcedure?.procedureSinceMs ?? observation.atMs,
    target,
    attempts: proposal.kind === 'wait' ? 0 : (same?.attempts ?? 0) + 1,
    progress: null,
    leaseTransitions: same?.leaseTransitions ?? null,
    message: proposal.message,
  };
}

/** What a step is about, in a word or two. */
export function targetOf(step: Step): string {
  switch (step.kind) {
    case 'grant-start':
    case 'set-serving':
    case 'delete-pod':
      return step.pod.name;
    case 'label-volume':
    case 'detach-volume':
    case 'delete-volume':
      return step.volume.name;
    case 'write-claim':
      return step.claim.peer;
    case 'remove-peer':
      return step.peer;
    case 'move-shard':
      return `${step.move.collection}/${step.move.shard}`;
    case 'replicate-shard':
      return `${step.copy.collection}/${step.copy.shard}`;
    case 'abort-transfer':
      return `${step.transfer.collection}/${step.transfer.shard}`;
    case 'drop-replica':
      return `${step.collection}/${step.shard}`;
    case 'shrink':
    case 'grow':
      return String(step.to);
  }
}
