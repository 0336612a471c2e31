/** What is asked of a replica on another peer: from the calls of `RemoteReplicas` to a message, and from it to a host. */
import type { ScrollRequest as ScrollOfShard, SearchRequest as SearchOfShard } from '../engine/addon.js';
import { ServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import type {
  CountRequest,
  FollowOptions,
  ForwardOptions,
  IdRange,
  LeaderAnnouncement,
  RangeReplacement,
  ReplicaHost,
  RetrieveRequest,
  ShardTarget,
  ShardWrite,
  WriteOrdering,
} from '../replica/remote-replicas.js';
import { asBuffer } from './as-buffer.js';
import { withBytesField } from './bytes-field.js';
import { ShardRequest, type ForwardRequest, type SearchRequest, type ShardAnswer } from './generated/p2p/shard.js';
import {
  fromAcceptance,
  fromDigest,
  fromInfo,
  fromMissedWrites,
  fromScrollPage,
  fromWriteResult,
} from './shard-answers.js';

/** A request without what its stream adds: number and timeout. */
export type OutgoingRequest = Omit<ShardRequest, 'number' | 'timeoutMs'>;

type Body = NonNullable<ShardRequest['body']>;
export type AnswerResult = NonNullable<ShardAnswer['result']>;

const noBytes = new Uint8Array(0);

/** Of `ShardRequest.operation`. */
const operationField = 14;

function request(target: ShardTarget | null, body: Body, operation: Uint8Array = noBytes): OutgoingRequest {
  return { target: target ?? undefined, body, operation };
}

export function encodeRequest(request: ShardRequest): Buffer {
  const { operation } = request;
  const rest = ShardRequest.encode({ ...request, operation: noBytes }).finish();
  return operation.length === 0 ? asBuffer(rest) : withBytesField(rest, operationField, operation);
}

export function forwardRequest(target: ShardTarget, write: ShardWrite, options: ForwardOptions): OutgoingRequest {
  const value: ForwardRequest = {
    filter: write.kind === 'filtered' ? write.filter : undefined,
    wait: options.wait,
    ordering: options.ordering,
    direct: options.direct,
    clientTimeoutMs: options.timeoutMs === null ? undefined : Math.max(1, Math.ceil(options.timeoutMs)),
  };
  return request(target, { $case: 'forward', value }, write.operation);
}

export function followRequest(
  target: ShardTarget,
  operation: Uint8Array,
  { wait, direct }: Omit<FollowOptions, 'timeoutMs'>,
): OutgoingRequest {
  return request(target, { $case: 'follow', value: { wait, direct } }, operation);
}

export function acceptLeaderRequest(target: ShardTarget, { without, direct }: LeaderAnnouncement): OutgoingRequest {
  return request(target, { $case: 'acceptLeader', value: { without: [...without], direct } });
}

export function replaceRangeRequest(target: ShardTarget, change: RangeReplacement): OutgoingRequest {
  const value = { after: change.after ?? undefined, to: change.to ?? undefined };
  return request(target, { $case: 'replaceRange', value }, change.operation);
}

export function searchRequest(target: ShardTarget, search: SearchOfShard): OutgoingRequest {
  const { query, filter, scoreThreshold } = search;
  const value: SearchRequest = {
    ...search,
    // Every machine that this runs on is little-endian, as the wire is.
    query: new Uint8Array(query.buffer, query.byteOffset, query.byteLength),
    filter: filter ?? undefined,
    scoreThreshold: scoreThreshold ?? undefined,
  };
  return request(target, { $case: 'search', value });
}

export function retrieveRequest(target: ShardTarget, retrieve: RetrieveRequest): OutgoingRequest {
  return request(target, { $case: 'retrieve', value: retrieve });
}

export function scrollRequest(target: ShardTarget, scroll: ScrollOfShard): OutgoingRequest {
  const { filter, from } = scroll;
  return request(target, {
    $case: 'scroll',
    value: { ...scroll, filter: filter ?? undefined, from: from ?? undefined },
  });
}

export function countRequest(target: ShardTarget, { filter, exact }: CountRequest): OutgoingRequest {
  return request(target, { $case: 'count', value: { filter: filter ?? undefined, exact } });
}

export function infoRequest(target: ShardTarget): OutgoingRequest {
  return request(target, { $case: 'info', value: {} });
}

export function rangeDigestRequest(target: ShardTarget, { after, to, limit }: IdRange): OutgoingRequest {
  return request(target, {
    $case: 'rangeDigest',
    value: { after: after ?? undefined, to: to ?? undefined, limit },
  });
}

export function missedWritesRequest(): OutgoingRequest {
  return request(null, { $case: 'missedWrites', value: {} });
}

function malformed(what: string): ServiceError {
  return new ServiceError('bad-input', `A request of a peer has ${what}`);
}

function requireTarget(target: ShardRequest['target']): ShardTarget {
  if (target === undefined) throw malformed('no shard');
  return target;
}

function isOrdering(ordering: string): ordering is WriteOrdering {
  return ordering === 'weak' || ordering === 'medium' || ordering === 'strong';
}

function floats(bytes: Uint8Array): Float32Array {
  if (bytes.byteLength % 4 !== 0) throw malformed(`a vector of ${bytes.byteLength} bytes`);
  // A copy, because nothing says where in its message the vector begins, and floats want a multiple of four.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

const orNull = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : asBuffer(bytes));

type ReadingBody = Extract<Body, { $case: 'search' | 'retrieve' | 'scroll' | 'count' | 'info' | 'rangeDigest' }>;
type WritingBody = Exclude<Body, ReadingBody | { $case: 'missedWrites' }>;

/**
 * Asks the host, at once: when this returns, the host has been called. That keeps the order of a stream. Rejects with
 * what the host throws, and with a `ServiceError` when the request is none.
 */
export async function ask(host: ReplicaHost, from: PeerId, request: ShardRequest): Promise<AnswerResult> {
  const { body, timeoutMs } = request;
  switch (body?.$case) {
    case 'forward':
    case 'acceptLeader':
    case 'follow':
    case 'replaceRange':
      return askToWrite(host, from, request, body);
    case 'search':
    case 'retrieve':
    case 'scroll':
    case 'count':
    case 'info':
    case 'rangeDigest':
      return askToRead(host, from, requireTarget(request.target), body, timeoutMs);
    case 'missedWrites':
      return fromMissedWrites(await host.missedWrites(from, timeoutMs));
    case undefined:
      throw malformed('a kind that this version does not know');
  }
}

async function askToWrite(
  host: ReplicaHost,
  from: PeerId,
  request: ShardRequest,
  body: WritingBody,
): Promise<AnswerResult> {
  const target = requireTarget(request.target);
  const operation = asBuffer(request.operation);
  const { timeoutMs } = request;
  switch (body.$case) {
    case 'forward': {
      const write = forwardedWrite(body.value, operation);
      return fromWriteResult(await host.forward(from, target, write, forwardOptions(body.value)));
    }
    case 'acceptLeader':
      return fromAcceptance(await host.acceptLeader(from, target, body.value, timeoutMs));
    case 'follow': {
      const { wait, direct } = body.value;
      return fromWriteResult(await host.follow(from, target, operation, { wait, direct, timeoutMs }));
    }
    case 'replaceRange': {
      const change = { after: orNull(body.value.after), to: orNull(body.value.to), operation };
      await host.replaceRange(from, target, change, timeoutMs);
      return { $case: 'replaced', value: {} };
    }
  }
}

async function askToRead(
  host: ReplicaHost,
  from: PeerId,
  target: ShardTarget,
  body: ReadingBody,
  timeoutMs: number,
): Promise<AnswerResult> {
  switch (body.$case) {
    case 'search':
      return { $case: 'points', value: await host.search(from, target, searchOf(body.value), timeoutMs) };
    case 'retrieve':
      return { $case: 'points', value: await host.retrieve(from, target, body.value, timeoutMs) };
    case 'scroll': {
      const { filter, from: start } = body.value;
      const scroll = { ...body.value, filter: orNull(filter), from: orNull(start) };
      return fromScrollPage(await host.scroll(from, target, scroll, timeoutMs));
    }
    case 'count': {
      const { filter, exact } = body.value;
      return { $case: 'count', value: await host.count(from, target, { filter: orNull(filter), exact }, timeoutMs) };
    }
    case 'info':
      return fromInfo(await host.info(from, target, timeoutMs));
    case 'rangeDigest': {
      const { after, to, limit } = body.value;
      const range = { after: orNull(after), to: orNull(to), limit };
      return fromDigest(await host.rangeDigest(from, target, range, timeoutMs));
    }
  }
}

function forwardedWrite({ filter }: ForwardRequest, operation: Uint8Array): ShardWrite {
  if (filter === undefined) return { kind: 'operation', operation };
  return { kind: 'filtered', filter: asBuffer(filter), operation };
}

function forwardOptions({ wait, ordering, direct, clientTimeoutMs }: ForwardRequest): ForwardOptions {
  if (!isOrdering(ordering)) throw malformed(`the unknown ordering "${ordering}"`);
  return { wait, ordering, direct, timeoutMs: clientTimeoutMs ?? null };
}

function searchOf(value: SearchRequest): SearchOfShard {
  const { query, filter, scoreThreshold } = value;
  return { ...value, query: floats(query), filter: orNull(filter), scoreThreshold: scoreThreshold ?? null };
}
