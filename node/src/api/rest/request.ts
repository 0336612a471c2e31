/** A request as route handlers see it, and what they answer: no handler touches a socket. */
import { ServiceError } from '../../errors.js';
import type { Access } from '../../service/access.js';
import type { ReadConsistency, WriteOrdering } from '../../service/points-service.js';

export interface RestRequest {
  readonly access: Access;
  /** Named parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** The header X-Qdrant-Route-Affinity. */
  readonly routeAffinity: string | null;
}

export type RestAnswer =
  /** The JSON text of `result` in the envelope. */
  | { readonly kind: 'result'; readonly json: string | Buffer }
  /** A whole JSON document without the envelope. */
  | { readonly kind: 'json'; readonly json: string }
  | { readonly kind: 'text'; readonly status: number; readonly contentType: string; readonly text: string };

export type RestHandler = (request: RestRequest) => RestAnswer | Promise<RestAnswer>;

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With parameters as `{name}`. */
  readonly pattern: string;
  readonly handler: RestHandler;
  /** Answered without an api key. */
  readonly open?: boolean;
}

export function result(value: unknown): RestAnswer {
  return { kind: 'result', json: JSON.stringify(value) };
}

export function param(request: RestRequest, name: string): string {
  const value = request.params[name];
  if (value === undefined) throw new ServiceError('internal', `the route has no part {${name}}`);
  return value;
}

function queryError(name: string, problem: string): ServiceError {
  return new ServiceError('format', `Format error in query parameters: ${name}: ${problem}`);
}

export function queryBool(request: RestRequest, name: string): boolean | null {
  const value = request.query.get(name);
  if (value === null) return null;
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw queryError(name, 'provided string was not `true` or `false`');
}

/** Seconds, at least 1, as milliseconds. */
export function queryTimeoutMs(request: RestRequest): number | null {
  const value = request.query.get('timeout');
  if (value === null) return null;
  if (!/^\d+$/.test(value)) throw queryError('timeout', 'invalid digit found in string');
  const seconds = Number(value);
  if (seconds < 1) {
    throw new ServiceError(
      'validation',
      `Validation error in query parameters: [timeout: value ${value} invalid, must be 1 or larger]`,
    );
  }
  // Longest delay that a timer takes.
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}

const orderings: ReadonlyMap<string, WriteOrdering> = new Map([
  ['weak', 'weak'],
  ['medium', 'medium'],
  ['strong', 'strong'],
]);

/** How many replicas must agree on what is read; 1 when nothing is asked for. */
export function queryConsistency(request: RestRequest): ReadConsistency {
  const value = request.query.get('consistency');
  switch (value) {
    case null:
      return 1;
    case 'majority':
    case 'quorum':
    case 'all':
      return value;
    default:
      break;
  }
  if (!/^\d+$/.test(value)) throw queryError('consistency', 'expected majority, quorum, all or a positive integer');
  const replicas = Number(value);
  if (replicas < 1) {
    throw new ServiceError(
      'validation',
      `Validation error in query parameters: [consistency: value ${value} invalid, must be 1 or larger]`,
    );
  }
  return replicas;
}

export function queryOrdering(request: RestRequest): WriteOrdering {
  const value = request.query.get('ordering');
  if (value === null) return 'weak';
  const ordering = orderings.get(value);
  if (ordering === undefined) throw queryError('ordering', 'expected weak, medium or strong');
  return ordering;
}
