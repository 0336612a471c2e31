/** The gRPC server over a real socket, before services that answer from a script. */
import { status } from '@grpc/grpc-js';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GrpcServer } from '../../src/api/grpc/grpc-server.js';
import { CollectionExistsRequest, CollectionExistsResponse } from '../../src/api/grpc/generated/collections.js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../src/api/grpc/generated/grpc/health/v1/health.js';
import { CountPoints, CountResponse, ScrollPoints } from '../../src/api/grpc/generated/points.js';
import { HealthCheckReply } from '../../src/api/grpc/generated/qdrant.js';
import { wireFields } from '../../src/api/grpc/wire-fields.js';
import { Authenticator } from '../../src/auth/authenticator.js';
import { ServiceError } from '../../src/errors.js';
import type { Access } from '../../src/service/access.js';
import type { ClusterService } from '../../src/service/cluster-service.js';
import type { CollectionsService } from '../../src/service/collections-service.js';
import type { NodeServices } from '../../src/service/node-services.js';
import type { PointsService } from '../../src/service/points-service.js';
import { settingsSchema } from '../../src/settings/settings.js';
import { Readiness } from '../../src/telemetry/readiness.js';
import { RequestMetrics } from '../../src/telemetry/request-metrics.js';
import { RawGrpcClient } from '../harness/raw-grpc.js';

type Count = PointsService['count'];

function scriptedServices(count: Count, apiKey: string | null): { services: NodeServices; readiness: Readiness } {
  const readiness = new Readiness();
  const services: NodeServices = {
    collections: {
      exists: (_access: Access, name: string) => name === 'books',
    } as Partial<CollectionsService> as CollectionsService,
    points: { count } as Partial<PointsService> as PointsService,
    cluster: { status: () => null } as Partial<ClusterService> as ClusterService,
    codec: {} as NodeServices['codec'],
    authenticator: new Authenticator({ apiKey, altApiKey: null, readOnlyApiKey: null }),
    settings: settingsSchema.parse({ service: { host: '127.0.0.1', max_request_size_mb: 1 } }),
    readiness,
    metrics: new RequestMetrics(new Registry(), ''),
    logger: pino({ level: 'silent' }),
  };
  return { services, readiness };
}

interface Running {
  readonly server: GrpcServer;
  readonly client: RawGrpcClient;
  readonly readiness: Readiness;
}

let running: Running;

async function start(count: Count, apiKey: string | null): Promise<Running> {
  const { services, readiness } = scriptedServices(count, apiKey);
  const server = await GrpcServer.start(services, 0, null);
  return { server, readiness, client: new RawGrpcClient(server.port) };
}

async function stop({ client, server }: Running): Promise<void> {
  client.close();
  await server.stop(1000);
}

const countRequest = CountPoints.encode(CountPoints.create({ collectionName: 'books' })).finish();

describe('without a key', () => {
  let answer: Count;
  beforeEach(async () => {
    answer = () => Promise.resolve(42);
    running = await start((...args) => answer(...args), null);
  });
  afterEach(() => stop(running));

  test('the banner has the version of the API', async () => {
    const { bytes } = await running.client.call('/qdrant.Qdrant/HealthCheck');
    expect(HealthCheckReply.decode(bytes)).toMatchObject({ version: '1.19.0' });
  });

  test('a request reaches its use case and comes back with its time', async () => {
    const { bytes } = await running.client.call('/qdrant.Points/Count', countRequest);
    const response = CountResponse.decode(bytes);
    expect(response.result?.count).toBe(42n);
    expect(response.time).toBeGreaterThan(0);
    const exists = CollectionExistsRequest.encode({ collectionName: 'books' }).finish();
    const reply = await running.client.call('/qdrant.Collections/CollectionExists', exists);
    expect(CollectionExistsResponse.decode(reply.bytes).result?.exists).toBe(true);
  });

  test.each([
    ['not-found', status.NOT_FOUND, 'Not found: it'],
    ['bad-input', status.INVALID_ARGUMENT, 'Wrong input: it'],
    ['timeout', status.DEADLINE_EXCEEDED, 'Timeout: it'],
    ['already-exists', status.ALREADY_EXISTS, 'Wrong input: it'],
    ['forbidden', status.PERMISSION_DENIED, 'Forbidden: it'],
    ['no-space', status.RESOURCE_EXHAUSTED, 'it'],
    ['unavailable', status.UNAVAILABLE, 'it'],
    ['internal', status.INTERNAL, 'Service internal error: it'],
  ] as const)('an error of kind %s has its code and words', async (kind, code, text) => {
    answer = () => Promise.reject(new ServiceError(kind, 'it'));
    expect(await running.client.call('/qdrant.Points/Count', countRequest)).toMatchObject({ code, details: text });
  });

  test('an unforeseen error is internal, and the next call is served', async () => {
    answer = () => Promise.reject(new TypeError('a bug'));
    const reply = await running.client.call('/qdrant.Points/Count', countRequest);
    expect(reply).toMatchObject({ code: status.INTERNAL, details: 'Service internal error: a bug' });
    answer = () => Promise.resolve(1);
    expect((await running.client.call('/qdrant.Points/Count', countRequest)).code).toBe(status.OK);
  });

  test('a very long message is cut, so that clients can read it', async () => {
    answer = () => Promise.reject(new ServiceError('bad-input', 'x'.repeat(100_000)));
    const { details } = await running.client.call('/qdrant.Points/Count', countRequest);
    expect(details.length).toBeLessThan(3000);
  });

  test('bytes that are no message are refused by name', async () => {
    const reply = await running.client.call('/qdrant.Points/Count', Uint8Array.of(0x0a, 0x7f));
    expect(reply.code).toBe(status.INVALID_ARGUMENT);
    expect(reply.details).toContain('CountPoints');
  });

  test('a request above the limit is refused', async () => {
    const reply = await running.client.call('/qdrant.Points/Count', new Uint8Array(1024 * 1024 + 1));
    expect(reply.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  test.each(['Facet', 'QueryGroups', 'Recommend', 'SearchMatrixPairs', 'CreateVectorName'])(
    'Points/%s says that it is not served',
    async (method) => {
      const reply = await running.client.call(`/qdrant.Points/${method}`);
      expect(reply).toMatchObject({ code: status.UNIMPLEMENTED });
      expect(reply.details).toContain(`/qdrant.Points/${method}`);
    },
  );

  test('snapshots and unknown methods are unimplemented, cluster operations say standalone', async () => {
    expect((await running.client.call('/qdrant.Snapshots/Create')).code).toBe(status.UNIMPLEMENTED);
    expect((await running.client.call('/qdrant.Points/Nothing')).code).toBe(status.UNIMPLEMENTED);
    const reply = await running.client.call('/qdrant.Collections/CreateShardKey');
    expect(reply.code).toBe(status.UNIMPLEMENTED);
    expect(reply.details).toContain('standalone mode');
  });

  test('what is not served in a request is refused by the name of the field', async () => {
    const scroll = ScrollPoints.encode(
      ScrollPoints.create({ collectionName: 'books', orderBy: { key: 'a' } }),
    ).finish();
    const reply = await running.client.call('/qdrant.Points/Scroll', scroll);
    expect(reply).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(reply.details).toContain('order_by');
  });

  test('a timeout of zero is refused, others reach the use case in milliseconds', async () => {
    const zero = CountPoints.encode(CountPoints.create({ collectionName: 'books', timeout: 0n })).finish();
    expect((await running.client.call('/qdrant.Points/Count', zero)).details).toContain('timeout');
    let timeoutMs: number | null = null;
    answer = (_access, _name, _request, options) => {
      timeoutMs = options.timeoutMs;
      return Promise.resolve(0);
    };
    const three = CountPoints.encode(CountPoints.create({ collectionName: 'books', timeout: 3n })).finish();
    await running.client.call('/qdrant.Points/Count', three);
    expect(timeoutMs).toBe(3000);
    await running.client.call('/qdrant.Points/Count', three, {}, Date.now() + 2000);
    expect(timeoutMs).toBeLessThanOrEqual(2000);
  });
});

describe('with a key', () => {
  beforeEach(async () => {
    running = await start(() => Promise.resolve(42), 'secret');
  });
  afterEach(() => stop(running));

  test('calls without it, or with another, are unauthenticated', async () => {
    expect((await running.client.call('/qdrant.Points/Count', countRequest)).code).toBe(status.UNAUTHENTICATED);
    const wrong = await running.client.call('/qdrant.Points/Count', countRequest, { 'api-key': 'other' });
    expect(wrong.code).toBe(status.UNAUTHENTICATED);
    expect((await running.client.call('/qdrant.Points/Facet')).code).toBe(status.UNAUTHENTICATED);
    expect((await running.client.call('/qdrant.Snapshots/Create')).code).toBe(status.UNAUTHENTICATED);
  });

  test('it is taken from either header', async () => {
    const byKey = await running.client.call('/qdrant.Points/Count', countRequest, { 'api-key': 'secret' });
    expect(byKey.code).toBe(status.OK);
    const bearer = { authorization: 'Bearer secret' };
    expect((await running.client.call('/qdrant.Points/Count', countRequest, bearer)).code).toBe(status.OK);
  });

  test('probes need none', async () => {
    expect((await running.client.call('/grpc.health.v1.Health/Check')).code).toBe(status.OK);
    expect((await running.client.call('/qdrant.Qdrant/HealthCheck')).code).toBe(status.OK);
  });

  test('reflection needs it', async () => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const listServices = new BinaryWriter()
      .uint32((7 << 3) | 2)
      .string('*')
      .finish();
    expect((await running.client.exchange(path, [listServices])).code).toBe(status.UNAUTHENTICATED);
    const known = await running.client.exchange(path, [listServices], { 'api-key': 'secret' });
    expect(known.code).toBe(status.OK);
    expect(known.messages).toHaveLength(1);
  });
});

describe('health and reflection', () => {
  beforeEach(async () => {
    running = await start(() => Promise.resolve(0), null);
  });
  afterEach(() => stop(running));

  const check = async (service: string): Promise<ServingStatus> => {
    const request = HealthCheckRequest.encode({ service }).finish();
    const { bytes } = await running.client.call('/grpc.health.v1.Health/Check', request);
    return HealthCheckResponse.decode(bytes).status;
  };

  test('Check follows readiness', async () => {
    expect(await check('')).toBe(ServingStatus.NOT_SERVING);
    running.readiness.becomeReady();
    expect(await check('')).toBe(ServingStatus.SERVING);
    expect(await check('qdrant.Points')).toBe(ServingStatus.SERVING);
    running.readiness.becomeStopping();
    expect(await check('')).toBe(ServingStatus.NOT_SERVING);
  });

  test('Check of a service that is not there is NOT_FOUND', async () => {
    const request = HealthCheckRequest.encode({ service: 'qdrant.Nothing' }).finish();
    expect((await running.client.call('/grpc.health.v1.Health/Check', request)).code).toBe(status.NOT_FOUND);
  });

  test('Watch tells the state now and when it changes', async () => {
    const request = HealthCheckRequest.encode({ service: '' }).finish();
    const messages = await running.client.watch('/grpc.health.v1.Health/Watch', request, (seen) => {
      if (seen.length === 1) running.readiness.becomeReady();
      return seen.length === 2;
    });
    expect(messages.map((message) => HealthCheckResponse.decode(message).status)).toEqual([
      ServingStatus.NOT_SERVING,
      ServingStatus.SERVING,
    ]);
  });

  test('a Watch does not keep the server from stopping', async () => {
    const request = HealthCheckRequest.encode({ service: '' }).finish();
    let first: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (first = resolve));
    const watching = running.client
      .watch('/grpc.health.v1.Health/Watch', request, () => {
        first();
        return false;
      })
      .catch(() => []);
    await begun;
    const startedMs = performance.now();
    await running.server.stop(20_000);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    await watching;
  });

  test.each(['v1', 'v1alpha'])('reflection %s lists the services and hands out their files', async (version) => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const listServices = new BinaryWriter()
      .uint32((7 << 3) | 2)
      .string('*')
      .finish();
    const bySymbol = new BinaryWriter()
      .uint32((4 << 3) | 2)
      .string('qdrant.Points')
      .finish();
    const unknown = new BinaryWriter()
      .uint32((4 << 3) | 2)
      .string('qdrant.Nothing')
      .finish();
    const { messages } = await running.client.exchange(path, [listServices, bySymbol, unknown]);
    const [services, files, failure] = messages.map((message) => [...wireFields(message)]);
    const list = services!.find(({ number }) => number === 6)!.content;
    const names = [...wireFields(list)].map(({ content }) =>
      new BinaryReader([...wireFields(content)][0]!.whole.subarray(1)).string(),
    );
    expect(names).toEqual(
      expect.arrayContaining(['qdrant.Points', 'qdrant.Collections', 'qdrant.Qdrant', 'grpc.health.v1.Health']),
    );
    const descriptors = [...wireFields(files!.find(({ number }) => number === 4)!.content)];
    expect(descriptors.some(({ content }) => Buffer.from(content).includes('points_service.proto'))).toBe(true);
    expect(failure!.some(({ number }) => number === 7)).toBe(true);
  });
});

test('stop lets a call under way finish', async () => {
  let finish: (count: number) => void = () => undefined;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const own = await start(() => {
    begin();
    return new Promise<number>((resolve) => (finish = resolve));
  }, null);
  const reply = own.client.call('/qdrant.Points/Count', countRequest);
  await begun;
  const stopped = own.server.stop(20_000);
  finish(7);
  expect(CountResponse.decode((await reply).bytes).result?.count).toBe(7n);
  await stopped;
  own.client.close();
});

test('stop cuts a call that does not finish in time', async () => {
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const own = await start(() => {
    begin();
    return new Promise<number>(() => undefined);
  }, null);
  const reply = own.client.call('/qdrant.Points/Count', countRequest);
  await begun;
  await own.server.stop(50);
  expect((await reply).code).not.toBe(status.OK);
  own.client.close();
});

test('a taken port is an error of the start', async () => {
  const own = await start(() => Promise.resolve(0), null);
  const { services } = scriptedServices(() => Promise.resolve(0), null);
  await expect(GrpcServer.start(services, own.server.port, null)).rejects.toThrow('EADDRINUSE');
  await stop(own);
});
