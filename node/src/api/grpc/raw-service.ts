/**
 * gRPC services over raw bytes. A method gets the request as it came and answers with encoded bytes:
 * so hot requests skip the generated codecs, and a request that does not decode is answered like every
 * other bad input, which an error thrown inside grpc-js would not be.
 */
import type { handleUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { CallContext } from './call-context.js';

export type RawMethod = (request: Uint8Array, context: CallContext) => Uint8Array | Promise<Uint8Array>;

/** Who may call: everyone, or holders of a key when the node asks for one. */
export type Admission = 'open' | 'key';

interface GenericMethod {
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The part of ts-proto's generic definitions that is needed here. */
export interface GenericService {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, GenericMethod>>;
}

/** One entry for each unary method, so that a method added to the protos can't be forgotten. */
export type RawMethods<S extends GenericService> = {
  readonly [M in keyof S['methods'] as S['methods'][M]['responseStream'] extends true ? never : M]:
    RawMethod | 'not-served';
};

const identity = (bytes: Buffer): Buffer => bytes;

export function rawServiceDefinition(service: GenericService): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service.methods).map(([key, method]) => [
      key,
      {
        path: `/${service.fullName}/${method.name}`,
        originalName: key,
        requestStream: method.requestStream,
        responseStream: method.responseStream,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    ]),
  );
}

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
      const { name } = service.methods[key]!;
      return [key, adapt(`/${service.fullName}/${name}`, method, admission)];
    }),
  );
}
