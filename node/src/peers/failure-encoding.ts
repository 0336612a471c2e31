/** Errors on their way to the peer that asked: what a replica's answer means survives the wire. */
import { isErrorKind, ServiceError, toServiceError } from '../errors.js';
import { ReplicaRefused, type Refusal } from '../replica/remote-replicas.js';
import type { Failure, RefusalFailure, ServiceFailure } from './generated/p2p/peer.js';

export function encodeFailure(error: unknown): Failure {
  if (error instanceof ReplicaRefused) {
    const { refusal, message, metadataIndex } = error;
    const newestTick = refusal.kind === 'stale-clock' ? refusal.newestTick : undefined;
    return { kind: { $case: 'refusal', value: { kind: refusal.kind, message, metadataIndex, newestTick } } };
  }
  const { kind, message, retryAfterSec } = toServiceError(error);
  return { kind: { $case: 'service', value: { kind, message, retryAfterSec: retryAfterSec ?? undefined } } };
}

/** Never throws: what it does not know is an internal error with what there is to read. */
export function decodeFailure({ kind }: Failure): ServiceError | ReplicaRefused {
  switch (kind?.$case) {
    case 'service':
      return decodeServiceFailure(kind.value);
    case 'refusal':
      return decodeRefusal(kind.value);
    case undefined:
      return new ServiceError('internal', 'A peer failed without saying why');
  }
}

function decodeServiceFailure({ kind, message, retryAfterSec }: ServiceFailure): ServiceError {
  if (!isErrorKind(kind)) return new ServiceError('internal', `A peer failed with "${kind}": ${message}`);
  return new ServiceError(kind, message, retryAfterSec === undefined ? {} : { retryAfterSec });
}

function decodeRefusal({ kind, message, metadataIndex, newestTick }: RefusalFailure): ServiceError | ReplicaRefused {
  const refusal = refusalOf(kind, newestTick ?? 0);
  if (refusal === null) return new ServiceError('internal', `A peer refused with "${kind}": ${message}`);
  return new ReplicaRefused(metadataIndex, refusal, message);
}

function refusalOf(kind: string, newestTick: number): Refusal | null {
  switch (kind) {
    case 'stale-clock':
      return { kind, newestTick };
    case 'behind':
    case 'no-replica':
    case 'not-open':
    case 'replica-state':
    case 'not-leader':
    case 'missed-writes':
    case 'leader-missed-writes':
      return { kind };
    default:
      return null;
  }
}
