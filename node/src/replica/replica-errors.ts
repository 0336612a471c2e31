/** What clients read when a replica set cannot do what they asked, in the original's words. */
import { ServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';

export function noActiveReplica(shard: number, self: PeerId): ServiceError {
  return new ServiceError('internal', `The replica set for shard ${shard} on peer ${self} has no active replica`);
}

export function notEnoughActiveReplicas(shard: number, self: PeerId): ServiceError {
  return new ServiceError(
    'internal',
    `The replica set for shard ${shard} on peer ${self} does not have enough active replicas`,
  );
}

export function readOperationsFailed(failed: number, asked: number, first: unknown): ServiceError {
  const reason = first instanceof Error ? first.message : String(first);
  return new ServiceError('internal', `${failed} of ${asked} read operations failed: ${reason}`, { cause: first });
}

export function consistencyNotGuaranteed(missed: readonly PeerId[]): ServiceError {
  return new ServiceError(
    'internal',
    'Consistency of this update is not guaranteed: it is not agreed yet that these replicas missed it: peers ' +
      `${missed.join(', ')}. Please retry.`,
  );
}

export function leaderAway(shard: number, leader: PeerId, cause: unknown): ServiceError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new ServiceError(
    'internal',
    `The update leader of shard ${shard}, peer ${leader}, cannot be reached${reason}`,
    { cause },
  );
}

export function strongLeaderAway(shard: number, peer: PeerId): ServiceError {
  return new ServiceError(
    'internal',
    `A write with strong ordering needs peer ${peer}, which holds no live replica of shard ${shard}`,
  );
}

export function writeTimedOut(shard: number): ServiceError {
  return new ServiceError('timeout', `The write to shard ${shard} did not finish in time`);
}

/** Whether the error says something of the replica or the way to it, so that another may do better. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return true;
  switch (error.kind) {
    case 'internal':
    case 'timeout':
    case 'unavailable':
    case 'precondition-failed':
    case 'no-space':
      return true;
    case 'bad-input':
    case 'bad-request':
    case 'format':
    case 'validation':
    case 'checksum-mismatch':
    case 'unauthenticated':
    case 'forbidden':
    case 'locked':
    case 'not-found':
    case 'standalone':
    case 'already-exists':
    case 'too-large':
    case 'rate-limited':
      return false;
  }
}
