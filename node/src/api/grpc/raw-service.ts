/**
 * gRPC services over raw bytes. A method gets the request as it came and answers with encoded bytes:
 * so hot requests skip the generated codecs, and a request that does not decode is answered like every
 * other bad input, which an error thrown inside grpc-js would not be.
 */
import type { handleUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { methodPath, type GenericService } from '../../grpc/raw-service-definition.js';
import type { CallContext } from './call-context.js';

export type RawMethod = (request: Uint8Array, context: CallContext) => Uint8Array | Promise<Uint8Array>;

/** Who may call: everyone, or holders of a key when the node asks for one. */
export type Admission = 'open' | 'key';

/** One entry for each unary method, so that a method added to the protos can't be forgotten. */
export type RawMethods<S extends GenericService> = {
  readonly [M in keyof S['methods'] as S['methods'][M]['responseStream'] extends true ? never : M]:
    RawMethod | 'not-served';
};

/** Wraps a method into the handler that grpc-js calls. */
export type UnaryAdapter = (
  path: string,
  method: RawMethod | 'not-served',
  admission: Admission,
) => handleUnaryCall<Buffer, Buffer>;

export function implementation<S extends GenericService>(
  service: S,
  methods: RawMethods<S>,
  admission: Admission,
  adapt: UnaryAdapter,
): UntypedServiceImplementation {
  const entries = Object.entries<RawMethod | 'not-served'>(methods);
  return Object.fromEntries(
    entries.map(([key, method]) => {
      return [key, adapt(methodPath(service, service.methods[key]!), method, admission)];
    }),
  );
}
