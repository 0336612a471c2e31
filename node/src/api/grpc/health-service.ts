/** grpc.health.v1: what probes of Kubernetes and load balancers ask. Like readyz it needs no key. */
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { ServiceError } from '../../errors.js';
import type { Readiness } from '../../telemetry/readiness.js';
import { decodeMessage } from './decode-message.js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  type HealthDefinition,
} from './generated/grpc/health/v1/health.js';
import type { RawMethods } from './raw-service.js';

/** The whole server, and the services that are as healthy as it is. */
const knownServices = new Set(['', 'qdrant.Qdrant', 'qdrant.Collections', 'qdrant.Points']);

/** Readiness has no events, and a probe that learns of a shutdown within this time is early enough. */
const watchIntervalMs = 500;

function servingStatus(readiness: Readiness, service: string): ServingStatus | null {
  if (!knownServices.has(service)) return null;
  return readiness.ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

function encode(status: ServingStatus): Buffer {
  return Buffer.from(HealthCheckResponse.encode({ status }).finish());
}

export function healthMethods(readiness: Readiness): RawMethods<typeof HealthDefinition> {
  return {
    check: (request) => {
      const { service } = decodeMessage(HealthCheckRequest, request, 'HealthCheckRequest');
      const status = servingStatus(readiness, service);
      if (status === null) throw new ServiceError('not-found', `Service ${service}`);
      return encode(status);
    },
  };
}

/** Streams of Watch end by their callers or with the server, which ends them through `stopping`. */
export function healthWatch(readiness: Readiness, stopping: AbortSignal): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    let service: string;
    try {
      ({ service } = decodeMessage(HealthCheckRequest, call.request, 'HealthCheckRequest'));
    } catch {
      call.end();
      return;
    }
    let last: ServingStatus | null = null;
    const report = (): void => {
      const status = servingStatus(readiness, service) ?? ServingStatus.SERVICE_UNKNOWN;
      if (status === last) return;
      last = status;
      call.write(encode(status));
    };
    report();
    const timer = setInterval(report, watchIntervalMs);
    const stop = (): void => {
      clearInterval(timer);
      stopping.removeEventListener('abort', stop);
      report();
      call.end();
    };
    stopping.addEventListener('abort', stop);
    call.on('cancelled', stop);
  };
}
