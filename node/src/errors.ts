/**
 * The one catalogue of errors that a caller can see: what each kind is called, its HTTP status, its
 * gRPC code and the words that Qdrant puts in front of it. Services throw `ServiceError`; each API
 * turns it into its own shape in one place.
 */

/** gRPC status codes by number, so that the catalogue does not depend on a gRPC package. */
export const grpcCodes = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

interface ErrorEntry {
  readonly http: number;
  readonly grpc: number;
  readonly prefix: string;
}

const catalogue = {
  'bad-input': { http: 400, grpc: grpcCodes.invalidArgument, prefix: 'Wrong input: ' },
  'bad-request': { http: 400, grpc: grpcCodes.invalidArgument, prefix: 'Bad request: ' },
  /** A body or parameter that does not parse or has a wrong type; the message is complete. */
  format: { http: 400, grpc: grpcCodes.invalidArgument, prefix: '' },
  /** A value that parses and is out of its range; the message is complete. */
  validation: { http: 422, grpc: grpcCodes.invalidArgument, prefix: '' },
  'checksum-mismatch': { http: 400, grpc: grpcCodes.dataLoss, prefix: '' },
  unauthenticated: { http: 401, grpc: grpcCodes.unauthenticated, prefix: '' },
  forbidden: { http: 403, grpc: grpcCodes.permissionDenied, prefix: 'Forbidden: ' },
  locked: { http: 403, grpc: grpcCodes.failedPrecondition, prefix: '' },
  'not-found': { http: 404, grpc: grpcCodes.notFound, prefix: 'Not found: ' },
  /** A cluster operation on a single node. */
  standalone: { http: 405, grpc: grpcCodes.unimplemented, prefix: 'Qdrant is running in standalone mode' },
  timeout: { http: 408, grpc: grpcCodes.deadlineExceeded, prefix: 'Timeout: ' },
  'already-exists': { http: 409, grpc: grpcCodes.alreadyExists, prefix: 'Wrong input: ' },
  'too-large': { http: 413, grpc: grpcCodes.resourceExhausted, prefix: '' },
  'rate-limited': { http: 429, grpc: grpcCodes.resourceExhausted, prefix: '' },
  internal: { http: 500, grpc: grpcCodes.internal, prefix: 'Service internal error: ' },
  'precondition-failed': { http: 500, grpc: grpcCodes.failedPrecondition, prefix: 'Pre-condition failure: ' },
  unavailable: { http: 503, grpc: grpcCodes.unavailable, prefix: '' },
  'no-space': { http: 507, grpc: grpcCodes.resourceExhausted, prefix: '' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorKind = keyof typeof catalogue;

export function isErrorKind(kind: string): kind is ErrorKind {
  return Object.hasOwn(catalogue, kind);
}

/** An operating error with an answer for the caller. `message` comes without the prefix of its kind. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly kind: ErrorKind;
  /** Only for `rate-limited`: when the caller may try again. */
  readonly retryAfterSec: number | null;

  constructor(kind: ErrorKind, message: string, options: { cause?: unknown; retryAfterSec?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.kind = kind;
    this.retryAfterSec = options.retryAfterSec ?? null;
  }

  /** What the caller reads. */
  get text(): string {
    return `${catalogue[this.kind].prefix}${this.message}`;
  }

  get httpStatus(): number {
    return catalogue[this.kind].http;
  }

  get grpcCode(): number {
    return catalogue[this.kind].grpc;
  }
}

function hasCode(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

/**
 * Any thrown value as a `ServiceError`: errors of the engine keep their meaning, everything else is
 * internal. `where` names the part of the request that the engine was given, for its format errors.
 */
export function toServiceError(error: unknown, where = 'JSON body'): ServiceError {
  if (error instanceof ServiceError) return error;
  if (hasCode(error)) {
    switch (error.code) {
      case 'BAD_JSON':
        return new ServiceError('format', `Format error in ${where}: ${error.message}`, { cause: error });
      case 'BAD_REQUEST':
        return new ServiceError('bad-input', error.message, { cause: error });
      case 'POINT_NOT_FOUND':
        return new ServiceError('not-found', error.message, { cause: error });
      // The last two are those of Node's own file system calls.
      case 'NO_SPACE':
      case 'ENOSPC':
      case 'EDQUOT':
        return new ServiceError('no-space', `No space left on the storage device: ${error.message}`, { cause: error });
      case 'CLOSED':
        return new ServiceError('unavailable', 'The node is shutting down or the collection was dropped', {
          cause: error,
        });
      default:
        break;
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ServiceError('internal', message, { cause: error });
}
