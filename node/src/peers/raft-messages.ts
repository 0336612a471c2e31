/** The messages of Raft on the wire. What does not make sense as one throws: nothing half-read reaches Raft. */
import type { PeerId } from '../metadata/peer-id.js';
import type { Entry, EntryId, EntryKind } from '../raft/entry.js';
import type { CampaignCause, Message, SnapshotMessage } from '../raft/message.js';
import { asBuffer } from './as-buffer.js';
import {
  RaftBatch,
  type RaftAppend,
  type RaftCampaign,
  type RaftEntry,
  type RaftEntryId,
  type RaftMessage,
  type RaftVoteResponse,
} from './generated/p2p/raft.js';

/** Snapshots go in pieces, by a way of their own. */
export type BatchedMessage = Exclude<Message, SnapshotMessage>;

export class RaftFormatError extends Error {
  override readonly name = 'RaftFormatError';
}

export function encodeRaftBatch(messages: readonly BatchedMessage[]): Buffer {
  return asBuffer(RaftBatch.encode({ messages: messages.map(toWire) }).finish());
}

/** The sender of all of them is the peer on the other end, whatever it writes. */
export function decodeRaftBatch(from: PeerId, bytes: Uint8Array): readonly BatchedMessage[] {
  return RaftBatch.decode(bytes).messages.map((message) => fromWire(from, message));
}

/** About how long it is on the wire. */
export function raftMessageBytes(message: BatchedMessage): number {
  const envelope = 64;
  if (message.type !== 'append') return envelope;
  return message.entries.reduce((sum, { data }) => sum + data.length + envelope, envelope);
}

function toWire(message: BatchedMessage): RaftMessage {
  const { to, term } = message;
  return { to, term, body: bodyOf(message) };
}

type Body = NonNullable<RaftMessage['body']>;

function bodyOf(message: BatchedMessage): Body {
  switch (message.type) {
    case 'append': {
      const { previous, entries, commit } = message;
      return { $case: 'append', value: { previous, entries: [...entries], commit } };
    }
    case 'append-response': {
      const { index, rejected } = message;
      return { $case: 'appendResponse', value: { index, rejected: rejected ?? undefined } };
    }
    case 'heartbeat':
      return { $case: 'heartbeat', value: message };
    case 'heartbeat-response':
      return { $case: 'heartbeatResponse', value: message };
    case 'pre-vote':
      return { $case: 'preVote', value: message };
    case 'pre-vote-response':
      return { $case: 'preVoteResponse', value: message };
    case 'vote':
      return { $case: 'vote', value: message };
    case 'vote-response':
      return { $case: 'voteResponse', value: message };
    case 'snapshot-request':
      return { $case: 'snapshotRequest', value: message };
    case 'timeout-now':
      return { $case: 'timeoutNow', value: {} };
    case 'read-index':
      return { $case: 'readIndex', value: message };
    case 'read-index-response':
      return { $case: 'readIndexResponse', value: message };
  }
}

function fromWire(from: PeerId, { to, term, body }: RaftMessage): BatchedMessage {
  const envelope = { from, to, term };
  switch (body?.$case) {
    case 'append':
      return { ...envelope, type: 'append', ...appendOf(body.value) };
    case 'appendResponse': {
      const { index, rejected } = body.value;
      return { ...envelope, type: 'append-response', index, rejected: rejected ?? null };
    }
    case 'heartbeat':
      return { ...envelope, type: 'heartbeat', ...body.value };
    case 'heartbeatResponse':
      return { ...envelope, type: 'heartbeat-response', ...body.value };
    case 'preVote':
      return { ...envelope, type: 'pre-vote', ...campaignOf(body.value) };
    case 'preVoteResponse':
      return { ...envelope, type: 'pre-vote-response', ...voteAnswerOf(body.value) };
    case 'vote':
      return { ...envelope, type: 'vote', ...campaignOf(body.value) };
    case 'voteResponse':
      return { ...envelope, type: 'vote-response', ...voteAnswerOf(body.value) };
    case 'snapshotRequest':
      return { ...envelope, type: 'snapshot-request', ...body.value };
    case 'timeoutNow':
      return { ...envelope, type: 'timeout-now' };
    case 'readIndex':
      return { ...envelope, type: 'read-index', ...body.value };
    case 'readIndexResponse':
      return { ...envelope, type: 'read-index-response', ...body.value };
    case undefined:
      throw new RaftFormatError('A message of Raft has a kind that this version does not know');
  }
}

function appendOf({ previous, entries, commit }: RaftAppend): {
  previous: EntryId;
  entries: readonly Entry[];
  commit: number;
} {
  return { previous: requireId(previous), entries: entries.map(entryOf), commit };
}

function entryOf({ index, term, kind, data }: RaftEntry): Entry {
  return { index, term, kind: entryKind(kind), data };
}

function entryKind(kind: string): EntryKind {
  if (kind === 'normal' || kind === 'conf-change' || kind === 'empty') return kind;
  throw new RaftFormatError('An entry of Raft has a kind that this version does not know');
}

function campaignOf({ last, cause }: RaftCampaign): { last: EntryId; cause: CampaignCause } {
  return { last: requireId(last), cause: causeOf(cause) };
}

function voteAnswerOf({ granted, commit }: RaftVoteResponse): { granted: boolean; commit: EntryId } {
  return { granted, commit: requireId(commit) };
}

function causeOf(cause: string): CampaignCause {
  if (cause === 'timeout' || cause === 'leader-unreachable' || cause === 'transfer') return cause;
  throw new RaftFormatError('A campaign has a cause that this version does not know');
}

function requireId(id: RaftEntryId | undefined): EntryId {
  if (id === undefined) throw new RaftFormatError('A message of Raft names no entry');
  return id;
}
