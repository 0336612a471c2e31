/** Keys and TLS, on a node as it runs. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CreateCollection, Distance } from '../../src/api/grpc/generated/collections.js';
import { CountPoints, DeletePoints } from '../../src/api/grpc/generated/points.js';
import { HealthCheckReply } from '../../src/api/grpc/generated/qdrant.js';
import { NodeProcess } from '../harness/node-process.js';
import { RawGrpcClient } from '../harness/raw-grpc.js';

describe('keys', () => {
  let node: NodeProcess;
  let grpc: RawGrpcClient;
  const owner = { 'api-key': 'owner' };
  const reader = { authorization: 'Bearer reader' };

  const creation = CreateCollection.encode(
    CreateCollection.create({
      collectionName: 'c',
      vectorsConfig: { config: { $case: 'params', value: { size: 4n, distance: Distance.Dot } } },
    }),
  ).finish();
  const count = CountPoints.encode(CountPoints.create({ collectionName: 'c' })).finish();
  const deletion = DeletePoints.encode({
    collectionName: 'c',
    points: { pointsSelectorOneOf: { $case: 'points', value: { ids: [] } } },
  }).finish();

  beforeAll(async () => {
    node = await NodeProcess.start({ settings: { SERVICE__API_KEY: 'owner', SERVICE__READ_ONLY_API_KEY: 'reader' } });
    grpc = new RawGrpcClient(node.grpcPort ?? 0);
  });

  afterAll(async () => {
    grpc.close();
    await node.remove();
  });

  test('without one nothing but probes is answered', async () => {
    expect((await grpc.call('/qdrant.Collections/Create', creation)).code).toBe(status.UNAUTHENTICATED);
    expect((await grpc.call('/qdrant.Points/Count', count)).code).toBe(status.UNAUTHENTICATED);
    expect((await grpc.call('/grpc.health.v1.Health/Check')).code).toBe(status.OK);
  });

  test('the read-only key reads, and changes nothing', async () => {
    expect((await grpc.call('/qdrant.Collections/Create', creation, reader)).code).toBe(status.PERMISSION_DENIED);
    expect((await grpc.call('/qdrant.Collections/Create', creation, owner)).code).toBe(status.OK);
    expect((await grpc.call('/qdrant.Points/Count', count, reader)).code).toBe(status.OK);
    const refused = await grpc.call('/qdrant.Points/Delete', deletion, reader);
    expect(refused.code).toBe(status.PERMISSION_DENIED);
    expect(refused.details).toContain('Forbidden');
  });
});

describe.skipIf(spawnSync('openssl', ['version']).status !== 0)('TLS', () => {
  let folder: string;
  let node: NodeProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vdb-tls-'));
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...files,
      ...subject,
    ]);
    node = await NodeProcess.start({
      settings: {
        SERVICE__ENABLE_TLS: 'true',
        TLS__CERT: join(folder, 'cert.pem'),
        TLS__KEY: join(folder, 'key.pem'),
      },
    });
  });

  afterAll(async () => {
    await node.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test('a client that knows the certificate is served', async () => {
    const trusted = await readFile(join(folder, 'cert.pem'));
    const grpc = new RawGrpcClient(node.grpcPort ?? 0, credentials.createSsl(trusted));
    const { bytes, details } = await grpc.call('/qdrant.Qdrant/HealthCheck');
    expect(details).toBe('');
    expect(HealthCheckReply.decode(bytes).version).toBe('1.19.0');
    grpc.close();
  });

  test('one that speaks in the clear, or does not know it, is not', async () => {
    for (const channel of [credentials.createInsecure(), credentials.createSsl()]) {
      const grpc = new RawGrpcClient(node.grpcPort ?? 0, channel);
      const { code } = await grpc.call('/qdrant.Qdrant/HealthCheck', undefined, {}, Date.now() + 10_000);
      expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(code);
      grpc.close();
    }
  });
});
