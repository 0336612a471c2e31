/** Makes what `status.operation` keeps from pass to pass, for procedures that count attempts or wait for a time. */
import type { Observation, OperationRecord } from '../observe/observation.js';
import type { Procedure } from './plan.js';

export interface Going {
  readonly procedure: Procedure;
  readonly step: string;
  readonly target: string;
  readonly message: string;
  readonly attempts?: number;
  readonly progress?: OperationRecord['progress'];
}

export function recordOf(observation: Observation, going: Going): OperationRecord {
  const before = observation.operation;
  return {
    type: going.procedure,
    step: going.step,
    startedAtMs: observation.atMs,
    procedureSinceMs: before?.type === going.procedure ? before.procedureSinceMs : observation.atMs,
    target: going.target,
    attempts: going.attempts ?? 0,
    progress: going.progress ?? null,
    leaseTransitions: null,
    message: going.message,
  };
}
