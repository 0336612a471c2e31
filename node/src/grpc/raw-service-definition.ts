/** gRPC services over raw bytes, public and between nodes: a message that does not decode is answered by us, not inside grpc-js. */
import type { ServiceDefinition } from '@grpc/grpc-js';

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

export function methodPath(service: GenericService, method: GenericMethod): string {
  return `/${service.fullName}/${method.name}`;
}

const identity = (bytes: Buffer): Buffer => bytes;

export function rawServiceDefinition(service: GenericService): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service.methods).map(([key, method]) => [
      key,
      {
        path: methodPath(service, method),
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
