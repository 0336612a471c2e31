/** What a status is made of. */
import type { ClusterStatus } from '../api/cluster-status.js';
import type { Assessment } from '../assess/assessment.js';
import type { Observation } from '../observe/observation.js';
import type { Plan } from '../plan/plan.js';

export interface PassProblem {
  readonly reason: 'NameTaken' | 'ObjectRefused';
  readonly message: string;
}

export interface StatusInput {
  readonly observation: Observation;
  readonly assessment: Assessment;
  readonly plan: Plan;
  /** What is there now; null before the first one. */
  readonly previous: ClusterStatus | null;
  /** `metadata.generation` of the spec that the pass has read. */
  readonly generation: number;
  /** Fields and annotations that this version does not act on, as people are told of them. */
  readonly unsupported: readonly string[];
  /** Why objects that the cluster stands on are not as they are wanted. */
  readonly problems: readonly PassProblem[];
  /** Label selector of the pods. */
  readonly selector: string;
  /** The size that data volumes are asked for with; kept as it was first. */
  readonly volumeSize: string | null;
}
