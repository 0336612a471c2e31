/** The forms that a procedure's answer takes, in short. */
import type { BlockReason, Procedure, Proposal } from './plan.js';
import { describeStep } from './describe-step.js';
import type { Step } from './step.js';

export const done: Proposal = { kind: 'done' };

export function take(procedure: Procedure, step: Step): Proposal {
  return { kind: 'step', procedure, step, message: describeStep(step) };
}

export function wait(procedure: Procedure, message: string, afterMs = 1000): Proposal {
  return { kind: 'wait', procedure, message, afterMs };
}

export function blocked(procedure: Procedure, reason: BlockReason, message: string): Proposal {
  return { kind: 'blocked', procedure, reason, message };
}
