/** What the API server refuses, and how a request can fail without it, as the kinds that the operator tells apart. */
import { isJsonObject } from './parse-object.js';
import { KubernetesError, type KubernetesErrorKind } from './kubernetes-api.js';

const maxMessageLength = 500;
/** A server that asks for more is asked again after this anyway. */
const maxRetryAfterMs = 120_000;

/** Of a response that is no success; the body is a Status where it came from the API server itself. */
export function responseError(code: number, retryAfter: string | undefined, body: unknown): KubernetesError {
  const status = isJsonObject(body) && body['kind'] === 'Status' ? body : {};
  const message = typeof status['message'] === 'string' ? status['message'] : `HTTP status ${code}`;
  const kind = namesAnotherUid(status['details']) ? 'conflict' : kindOf(code, status['reason']);
  return new KubernetesError(kind, message.slice(0, maxMessageLength), retryAfterMs(retryAfter, status['details']));
}

/** Of an ERROR event in a watch, whose object is a Status with its code in it. */
export function statusError(status: unknown): KubernetesError {
  const code = isJsonObject(status) ? status['code'] : undefined;
  return responseError(typeof code === 'number' ? code : 500, undefined, status);
}

function kindOf(code: number, reason: unknown): KubernetesErrorKind {
  switch (code) {
    case 401:
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 409:
      return reason === 'AlreadyExists' ? 'already-exists' : 'conflict';
    case 410:
      return 'gone';
    case 429:
      return 'too-many-requests';
    default:
      return code >= 400 && code < 500 ? 'invalid' : 'unavailable';
  }
}

/** A uid in a patch is a precondition, but one that is not met is told as an attempt to change it. */
function namesAnotherUid(details: unknown): boolean {
  const causes = isJsonObject(details) ? details['causes'] : undefined;
  return Array.isArray(causes) && causes.some((cause) => isJsonObject(cause) && cause['field'] === 'metadata.uid');
}

function retryAfterMs(header: string | undefined, details: unknown): number | null {
  const asked = isJsonObject(details) ? details['retryAfterSeconds'] : undefined;
  const seconds = header !== undefined && /^\d+$/.test(header) ? Number(header) : asked;
  if (typeof seconds !== 'number' || !(seconds > 0)) return null;
  return Math.min(seconds * 1000, maxRetryAfterMs);
}
