/** What earlier passes wrote into the status, and later ones read. */
import type { ClusterStatus } from '../api/cluster-status.js';
import { peerIdPattern } from '../qdrant/qdrant-api.js';
import { timeMs } from './kubernetes-time.js';
import type { BootstrapClaim, OperationRecord } from './observation.js';

export function claimInStatus(status: ClusterStatus | undefined): BootstrapClaim | null {
  const bootstrap = status?.bootstrap;
  // Anything else cannot be a peer's, and must not be compared with one.
  if (bootstrap === undefined || !peerIdPattern.test(bootstrap.peerId)) return null;
  return { peer: bootstrap.peerId, ordinal: bootstrap.nodeIndex, at: bootstrap.at };
}

/** Null where it is not there, or was spoilt: the procedure begins again to count. */
export function operationInStatus(status: ClusterStatus | undefined): OperationRecord | null {
  const operation = status?.operation;
  const startedAtMs = timeMs(operation?.startedAt);
  if (operation === undefined || startedAtMs === null) return null;
  const { progress } = operation;
  const sinceMs = timeMs(progress?.since);
  return {
    type: operation.type,
    step: operation.step,
    startedAtMs,
    procedureSinceMs: timeMs(operation.procedureSince) ?? startedAtMs,
    target: operation.target ?? null,
    attempts: operation.attempts ?? 0,
    progress: progress === undefined || sinceMs === null ? null : { seen: progress.seen, sinceMs },
    leaseTransitions: operation.leaseTransitions ?? null,
    message: operation.message ?? '',
  };
}
