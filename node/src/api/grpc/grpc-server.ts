/** The gRPC server of a node: which services there are, limits, TLS, start and stop. */
import { logVerbosity, Server, setLogVerbosity, type ChannelOptions } from '@grpc/grpc-js';
import type { NodeServices } from '../../service/node-services.js';
import type { Settings } from '../../settings/settings.js';
import { collectionsMethods } from './collections-service.js';
import { CollectionsDefinition } from './generated/collections_service.js';
import { HealthDefinition } from './generated/grpc/health/v1/health.js';
import { PointsDefinition } from './generated/points_service.js';
import { QdrantDefinition } from './generated/qdrant.js';
import { SnapshotsDefinition } from './generated/snapshots_service.js';
import { healthMethods, healthWatch } from './health-service.js';
import { pointsMethods } from './points-service.js';
import { qdrantMethods } from './qdrant-service.js';
import { rawServiceDefinition } from '../../grpc/raw-service-definition.js';
import { implementation } from './raw-service.js';
import { addReflection, reflectionGuard } from './reflection.js';
import { serverCredentials, type CertificateSource } from './server-credentials.js';
import { snapshotsMethods } from './snapshots-service.js';
import { unaryAdapter } from './unary-call.js';

// What grpc-js would print comes back as errors too, and stderr is for sentences of this process.
setLogVerbosity(logVerbosity.NONE);

/** One client connection may have this many calls under way; the client queues the rest. */
const concurrentStreamsMax = 1024;

function serverOptions(settings: Settings): ChannelOptions {
  return {
    'grpc.max_receive_message_length': settings.service.max_request_size_mb * 1024 * 1024,
    // Answers are as large as what was asked for; their bounds are the limits of the requests.
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': concurrentStreamsMax,
    // A peer that vanished without closing is noticed and its streams are given back.
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.enable_channelz': 0,
  };
}

function addServices(server: Server, services: NodeServices, stopping: AbortSignal): void {
  const adapt = unaryAdapter(services);
  const collections = implementation(CollectionsDefinition, collectionsMethods(services), 'key', adapt);
  server.addService(rawServiceDefinition(CollectionsDefinition), collections);
  const points = implementation(PointsDefinition, pointsMethods(services), 'key', adapt);
  server.addService(rawServiceDefinition(PointsDefinition), points);
  const snapshots = implementation(SnapshotsDefinition, snapshotsMethods, 'key', adapt);
  server.addService(rawServiceDefinition(SnapshotsDefinition), snapshots);
  const banner = implementation(QdrantDefinition, qdrantMethods, 'open', adapt);
  server.addService(rawServiceDefinition(QdrantDefinition), banner);
  const health = implementation(HealthDefinition, healthMethods(services.readiness), 'open', adapt);
  const watch = healthWatch(services.readiness, stopping);
  server.addService(rawServiceDefinition(HealthDefinition), { ...health, watch });
  addReflection(server);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export class GrpcServer {
  /** The port that it listens on: the one of the settings, or a free one when that is 0. */
  readonly port: number;
  readonly #server: Server;
  readonly #address: string;
  readonly #stopping: AbortController;

  private constructor(server: Server, host: string, port: number, stopping: AbortController) {
    this.#server = server;
    this.#address = `${host}:${port}`;
    this.port = port;
    this.#stopping = stopping;
  }

  /** Rejects when the port is taken. Without a certificate it serves in the clear. */
  static async start(services: NodeServices, port: number, certificate: CertificateSource | null): Promise<GrpcServer> {
    const { settings } = services;
    const stopping = new AbortController();
    const server = new Server({ ...serverOptions(settings), interceptors: [reflectionGuard(services)] });
    addServices(server, services, stopping.signal);
    const host = bracketed(settings.service.host);
    const credentials = serverCredentials(certificate);
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${host}:${port}`, credentials, (error, boundPort) =>
        error === null ? resolve(boundPort) : reject(error),
      );
    });
    return new GrpcServer(server, host, bound, stopping);
  }

  /** Takes no new calls; those under way have `graceMs` to finish, then their connections are cut. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    // `forceShutdown` knows the connections of servers with channelz only; `drain` knows them all, and the
    // end of the last one is what `tryShutdown` waits for.
    this.#server.drain(this.#address, graceMs);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
  }
}
