/** The frame around every unary call: key, limits, error statuses, metrics. */
import { Metadata, status, type handleUnaryCall, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { toServiceError } from '../../errors.js';
import { fullAccess, type Access } from '../../service/access.js';
import type { NodeServices } from '../../service/node-services.js';
import { CallContext } from './call-context.js';
import type { Admission, RawMethod, UnaryAdapter } from './raw-service.js';

/** Calls under way at once; past it callers are told to slow down before memory runs out. */
const callsMax = 1024;

/** Clients limit the size of trailers, often to 8 KiB, and an error that they drop helps nobody. */
const detailsLengthMax = 2048;

export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** The catalogue of errors has the codes of gRPC by number, and grpc-js wants its enum. */
const statusByCode: ReadonlyMap<number, status> = new Map(
  Object.values(status)
    .filter((code) => typeof code !== 'string')
    .map((code) => [code, code]),
);

export function statusOf(error: unknown): CallStatus {
  const failure = toServiceError(error, 'message');
  const code = statusByCode.get(failure.grpcCode) ?? status.UNKNOWN;
  const details =
    failure.text.length > detailsLengthMax ? `${failure.text.slice(0, detailsLengthMax)}...` : failure.text;
  if (failure.retryAfterSec === null) return { code, details };
  const metadata = new Metadata();
  metadata.set('retry-after', String(Math.ceil(failure.retryAfterSec)));
  return { code, details, metadata };
}

/** Throws `unauthenticated` when the node asks for a key and the metadata has no good one. */
export function accessOf(services: NodeServices, metadata: Metadata): Access {
  const first = (key: string): string | undefined => metadata.get(key)[0]?.toString();
  return services.authenticator.authenticate(first('api-key'), first('authorization'));
}

export function unaryAdapter(services: NodeServices): UnaryAdapter {
  let calls = 0;
  return (path, method, admission): handleUnaryCall<Buffer, Buffer> => {
    return (call, respond) => {
      const startedMs = performance.now();
      const answered = (code: status): void => {
        services.metrics.grpcAnswered(path, code, (performance.now() - startedMs) / 1000);
      };
      if (calls >= callsMax) {
        respond({ code: status.RESOURCE_EXHAUSTED, details: `More than ${callsMax} calls at once` });
        answered(status.RESOURCE_EXHAUSTED);
        return;
      }
      calls += 1;
      void answer(services, path, method, admission, call, respond)
        .then(answered)
        .finally(() => (calls -= 1));
    };
  };
}

/** Never rejects: what goes wrong becomes the status of the call. */
async function answer(
  services: NodeServices,
  path: string,
  method: RawMethod | 'not-served',
  admission: Admission,
  call: ServerUnaryCall<Buffer, Buffer>,
  respond: sendUnaryData<Buffer>,
): Promise<status> {
  try {
    const access = admission === 'open' ? fullAccess : accessOf(services, call.metadata);
    if (method === 'not-served') {
      respond({ code: status.UNIMPLEMENTED, details: `${path} is not served by this version` });
      return status.UNIMPLEMENTED;
    }
    const routeAffinity = call.metadata.get('x-qdrant-route-affinity')[0]?.toString() ?? null;
    const bytes = await method(call.request, new CallContext(access, call.getDeadline(), routeAffinity));
    respond(null, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return status.OK;
  } catch (error) {
    const failure = statusOf(error);
    if (failure.code === status.INTERNAL) services.logger.error({ err: error, path }, 'A gRPC call failed');
    respond(failure);
    return failure.code;
  }
}
