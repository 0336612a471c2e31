/** What a replica on another peer answers: from a host's result to a message, and back for the peer that asked. */
import type { ScrollPage } from '../engine/addon.js';
import { ServiceError } from '../errors.js';
import type { LeaderAcceptance, MissedWrites, RangeDigest, ReplicaInfo } from '../replica/remote-replicas.js';
import type { WriteResult } from '../shard/write-result.js';
import type { ShardStatus } from '../shard/shard-status.js';
import { asBuffer } from './as-buffer.js';
import type { InfoAnswer, ShardAnswer } from './generated/p2p/shard.js';

type Result = NonNullable<ShardAnswer['result']>;

export function fromWriteResult(result: WriteResult): Result {
  switch (result.status) {
    case 'acknowledged':
      return { $case: 'written', value: { sequence: result.sequence, completed: false, missing: undefined } };
    case 'completed': {
      const { sequence, missing } = result;
      return { $case: 'written', value: { sequence, completed: true, missing: missing ?? undefined } };
    }
  }
}

export function fromAcceptance({ newestTick }: LeaderAcceptance): Result {
  return { $case: 'leaderAccepted', value: { newestTick } };
}

export function fromScrollPage({ points, next }: ScrollPage): Result {
  return { $case: 'scroll', value: { points, next: next ?? undefined } };
}

export function fromInfo({ status, ...info }: ReplicaInfo): Result {
  const reason = 'reason' in status ? status.reason : '';
  return {
    $case: 'info',
    value: { ...info, color: status.color, reason, fieldIndexes: [...info.fieldIndexes] },
  };
}

export function fromDigest({ digest, count, last, more }: RangeDigest): Result {
  return { $case: 'rangeDigest', value: { digest, count, last: last ?? undefined, more } };
}

export function fromMissedWrites(missed: readonly MissedWrites[]): Result {
  return { $case: 'missedWrites', value: { replicas: [...missed] } };
}

/** A peer of a newer or broken version: what it said cannot be used, and what was asked may have been done. */
function unexpected(result: Result): ServiceError {
  return new ServiceError('internal', `A peer answered with "${result.$case}", which was not asked for`);
}

export function toWriteResult(result: Result): WriteResult {
  if (result.$case !== 'written') throw unexpected(result);
  const { sequence, completed, missing } = result.value;
  return completed ? { status: 'completed', sequence, missing: missing ?? null } : { status: 'acknowledged', sequence };
}

export function toAcceptance(result: Result): LeaderAcceptance {
  if (result.$case !== 'leaderAccepted') throw unexpected(result);
  return result.value;
}

export function toReplaced(result: Result): void {
  if (result.$case !== 'replaced') throw unexpected(result);
}

export function toPoints(result: Result): Buffer {
  if (result.$case !== 'points') throw unexpected(result);
  return asBuffer(result.value);
}

export function toScrollPage(result: Result): ScrollPage {
  if (result.$case !== 'scroll') throw unexpected(result);
  const { points, next } = result.value;
  return { points: asBuffer(points), next: next === undefined ? null : asBuffer(next) };
}

export function toCount(result: Result): number {
  if (result.$case !== 'count') throw unexpected(result);
  return result.value;
}

export function toInfo(result: Result): ReplicaInfo {
  if (result.$case !== 'info') throw unexpected(result);
  const { points, vectors, indexedVectors, fieldIndexes } = result.value;
  return { status: statusOf(result.value), points, vectors, indexedVectors, fieldIndexes };
}

function statusOf({ color, reason }: InfoAnswer): ShardStatus {
  switch (color) {
    case 'green':
    case 'yellow':
      return { color };
    case 'grey':
    case 'red':
      return { color, reason };
    default:
      return { color: 'red', reason: `A peer reports the unknown status "${color}"` };
  }
}

export function toDigest(result: Result): RangeDigest {
  if (result.$case !== 'rangeDigest') throw unexpected(result);
  const { digest, count, last, more } = result.value;
  return { digest: asBuffer(digest), count, last: last === undefined ? null : asBuffer(last), more };
}

export function toMissedWrites(result: Result): readonly MissedWrites[] {
  if (result.$case !== 'missedWrites') throw unexpected(result);
  return result.value.replicas;
}
