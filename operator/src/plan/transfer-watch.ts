/**
 * Follows the transfers that a procedure asks for. A node answers before a transfer has begun, and what it answered
 * may be lost with it: so what was asked for is in the record of the operation, and what became of it is read from the
 * shard map. When the map shows it done, the procedure wants another transfer, and the record fits no more.
 */
import type { Transfer } from '../assess/assessment.js';
import type { Observation, OperationRecord } from '../observe/observation.js';
import type { ShardMove } from '../qdrant/qdrant-api.js';
import { describeStep } from './describe-step.js';
import { recordOf } from './operation-record.js';
import type { Procedure, Proposal } from './plan.js';
import type { Step } from './step.js';

/** A transfer that was asked for and is not seen by then has been lost. */
const appearsWithinMs = 60_000;
const firstPauseMs = 30_000;
const longestPauseMs = 10 * 60_000;
/** How often it may fail before people are told. It is tried again all the same. */
const quietFailures = 3;
/** How long the count of records may stand still. */
const stuckAfterMs = 10 * 60_000;
/** The same where no count is told: a snapshot of a large shard is made, sent and recovered without one. */
const silentStuckAfterMs = 60 * 60_000;
/** The status is not written for every batch of records. */
const progressEveryMs = 10_000;
const maxSeenLength = 200;

type TransferStep = Extract<Step, { kind: 'move-shard' | 'replicate-shard' }>;

/** Asks for a transfer that does not run: at once, or after the pause that its last failure earned. */
export function proposeTransfer(observation: Observation, procedure: Procedure, step: TransferStep): Proposal {
  const move = moveOf(step);
  const record = recordOfTransfer(observation, procedure, move);
  const target = targetOf(move);
  if (record === null || observation.atMs >= tryAgainAtMs(observation, record)) {
    const attempts = (record?.attempts ?? 0) + 1;
    const message = `${describeStep(step)}${attempts === 1 ? '' : ` (attempt ${attempts})`}`;
    const operation = recordOf(observation, { procedure, step: step.kind, target, message, attempts });
    return { kind: 'step', procedure, step, message, operation };
  }
  const shard = `${move.collection}/${move.shard}`;
  const pauseMs = tryAgainAtMs(observation, record) - observation.atMs;
  if (record.attempts >= quietFailures) {
    const message = `The transfer of ${shard} from peer ${move.from} was asked for ${record.attempts} times and did not end well; the logs of peers ${move.from} and ${move.to} say why. It is tried again`;
    return { kind: 'blocked', procedure, reason: 'TransferFailing', message, operation: record };
  }
  const expected = record.progress === null && observation.atMs < record.startedAtMs + appearsWithinMs;
  const message = expected
    ? `The transfer of ${shard} from peer ${move.from} was asked for, and does not show yet`
    : `The transfer of ${shard} from peer ${move.from} failed; it is asked for again after a pause`;
  return { kind: 'wait', procedure, message, afterMs: Math.min(pauseMs, 1000), operation: record };
}

/** Lets a transfer run while it gets on, and aborts it when it does not. */
export function proposeFollowing(observation: Observation, procedure: Procedure, transfer: Transfer): Proposal {
  const { atMs } = observation;
  const { collection, shard, from, to } = transfer;
  const move: ShardMove = { collection, shard, from, to };
  const kind = transfer.sync ? 'replicate-shard' : 'move-shard';
  const known = recordOfTransfer(observation, procedure, move);
  const seen = seenOf(transfer.comment);
  const message = `${collection}/${shard} is on its way from peer ${from} to peer ${to}`;
  const going = { procedure, step: kind, target: targetOf(move), message };
  const progress = progressOf(observation, known, seen.text);
  // One that nobody wrote down, as one that a person asked for, is watched from now on.
  const record = known ?? recordOf(observation, { ...going, attempts: 1 });
  const stuckMs = seen.counted ? stuckAfterMs : silentStuckAfterMs;
  if (progress.seen === seen.text && atMs - progress.sinceMs >= stuckMs) {
    const why = `it has not got on for ${Math.floor((atMs - progress.sinceMs) / 60_000)} minutes`;
    const step: Step = { kind: 'abort-transfer', transfer: move, why };
    // From here the pause before the next attempt counts.
    const operation = { ...record, progress: { seen: seen.text, sinceMs: atMs } };
    return { kind: 'step', procedure, step, message: describeStep(step), operation };
  }
  return { kind: 'wait', procedure, message, afterMs: 1000, operation: { ...record, message, progress } };
}

/** This procedure asked for it. */
export function isAskedFor(observation: Observation, procedure: Procedure, transfer: Transfer): boolean {
  return recordOfTransfer(observation, procedure, transfer) !== null;
}

/** The target of the last attempt when this very transfer has failed more than once: another may fare better. */
export function failedTarget(observation: Observation, procedure: Procedure, move: ShardMove): string | null {
  const record = recordOfTransfer(observation, procedure, move);
  if (record === null || record.attempts < 2 || observation.atMs < tryAgainAtMs(observation, record)) return null;
  return record.target?.slice(shardTarget(move).length) ?? null;
}

/** What was asked for last, when it was a transfer of this shard away from this peer, wherever to. */
function recordOfTransfer(observation: Observation, procedure: Procedure, move: ShardMove): OperationRecord | null {
  const record = observation.operation;
  if (record?.type !== procedure) return null;
  if (record.step !== 'move-shard' && record.step !== 'replicate-shard') return null;
  return record.target?.startsWith(shardTarget(move)) === true ? record : null;
}

function tryAgainAtMs(observation: Observation, record: OperationRecord): number {
  const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(record.attempts - 1, 10), longestPauseMs);
  const sinceMs = record.progress?.sinceMs ?? record.startedAtMs;
  // A clock that was put back must not make a pause of hours.
  if (sinceMs > observation.atMs) return observation.atMs;
  return sinceMs + (record.progress === null ? Math.max(appearsWithinMs, pauseMs) : pauseMs);
}

function progressOf(
  observation: Observation,
  record: OperationRecord | null,
  seen: string,
): { readonly seen: string; readonly sinceMs: number } {
  const before = record?.progress ?? null;
  if (before === null || before.sinceMs > observation.atMs) return { seen, sinceMs: observation.atMs };
  if (before.seen === seen || observation.atMs - before.sinceMs < progressEveryMs) return before;
  return { seen, sinceMs: observation.atMs };
}

/** Comments tell how long a transfer has run; what counts is only how many records it has sent, or its stage. */
function seenOf(comment: string | null): { readonly text: string; readonly counted: boolean } {
  if (comment === null) return { text: '', counted: false };
  const counts = /\(\d+\/\d+\)/.exec(comment)?.[0];
  if (counts !== undefined) return { text: counts.slice(0, maxSeenLength), counted: true };
  return { text: comment.slice(0, maxSeenLength).replace(/\d+/g, '#'), counted: false };
}

function moveOf(step: TransferStep): ShardMove {
  switch (step.kind) {
    case 'move-shard':
      return step.move;
    case 'replicate-shard':
      return step.copy;
  }
}

function shardTarget({ collection, shard, from }: ShardMove): string {
  return `${collection}/${shard} from ${from} to `;
}

function targetOf(move: ShardMove): string {
  return `${shardTarget(move)}${move.to}`;
}
