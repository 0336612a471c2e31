/** The status of a cluster whose spec cannot be followed. What is known of the cluster, the claim above all, stays. */
import type { ClusterStatus, StatusCondition } from '../api/cluster-status.js';

const maxMessageLength = 4000;

export interface InvalidInput {
  readonly previous: ClusterStatus | null;
  readonly generation: number;
  /** Sentences that say what to do. */
  readonly problems: readonly string[];
  readonly atMs: number;
}

export function statusOfInvalid({ previous, generation, problems, atMs }: InvalidInput): ClusterStatus {
  const message = problems.join(' ').slice(0, maxMessageLength);
  const now = new Date(atMs).toISOString();
  const others = (previous?.conditions ?? []).filter(({ type }) => !told.has(type));
  const condition = (type: string, status: StatusCondition['status']): StatusCondition => {
    const before = previous?.conditions?.find((known) => known.type === type);
    return {
      type,
      status,
      reason: 'InvalidSpec',
      message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
      observedGeneration: generation,
    };
  };
  return {
    ...previous,
    observedGeneration: generation,
    phase: previous?.bootstrap === undefined ? 'FailedToCreate' : 'FailedToUpdate',
    reason: message.slice(0, 1024),
    conditions: [
      condition('Ready', 'False'),
      condition('Reconciling', 'False'),
      condition('Stalled', 'True'),
      ...others,
    ],
  };
}

const told: ReadonlySet<string> = new Set(['Ready', 'Reconciling', 'Stalled']);
