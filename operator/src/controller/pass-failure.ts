/** What ended a pass before its time, and when it is to be tried again. */
import { LeaseTooShort } from '../apply/fence.js';
import { NoNodeAnswers } from '../apply/apply-step.js';
import { KubernetesError } from '../k8s/kubernetes-api.js';
import { QdrantError } from '../qdrant/qdrant-api.js';
import type { PassOutcome } from './work-queue.js';

export interface PassFailure {
  /** For metrics: a closed set. */
  readonly reason: string;
  /** `quiet`: it happens in a world that is well; `defect`: it should never happen. */
  readonly level: 'quiet' | 'warn' | 'defect';
  readonly leadLost: boolean;
  readonly outcome: PassOutcome;
}

export function passFailure(error: unknown): PassFailure {
  if (error instanceof LeaseTooShort) {
    return { reason: 'lease', level: 'quiet', leadLost: true, outcome: { kind: 'failed', retryAfterMs: null } };
  }
  if (error instanceof KubernetesError) {
    const reason = `kubernetes-${error.kind}`;
    switch (error.kind) {
      // Somebody was faster, or the cache is behind: what is there now decides anew.
      case 'conflict':
      case 'already-exists':
      case 'not-found':
        return { reason, level: 'quiet', leadLost: false, outcome: { kind: 'failed', retryAfterMs: null } };
      case 'gone':
      case 'invalid':
      case 'forbidden':
      case 'too-many-requests':
      case 'unavailable':
        return warning(reason, error.retryAfterMs);
    }
  }
  if (error instanceof QdrantError) return warning(`qdrant-${error.kind}`, null);
  if (error instanceof NoNodeAnswers) return warning('no-node-answers', null);
  return { reason: 'defect', level: 'defect', leadLost: false, outcome: { kind: 'failed', retryAfterMs: null } };
}

function warning(reason: string, retryAfterMs: number | null): PassFailure {
  return { reason, level: 'warn', leadLost: false, outcome: { kind: 'failed', retryAfterMs } };
}
