/** Random and mutated requests to every method: each gets an answer, none is an internal error, and the node lives. */
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CreateCollection, Distance } from '../../src/api/grpc/generated/collections.js';
import { CollectionsDefinition } from '../../src/api/grpc/generated/collections_service.js';
import {
  CountPoints,
  QueryPoints,
  SetPayloadPoints,
  UpdateBatchPoints,
  UpsertPoints,
  type PointStruct,
} from '../../src/api/grpc/generated/points.js';
import { PointsDefinition } from '../../src/api/grpc/generated/points_service.js';
import { QdrantDefinition } from '../../src/api/grpc/generated/qdrant.js';
import { Filter } from '../../src/api/grpc/generated/qdrant_common.js';
import { SnapshotsDefinition } from '../../src/api/grpc/generated/snapshots_service.js';
import { NodeProcess } from '../harness/node-process.js';
import { RawGrpcClient } from '../harness/raw-grpc.js';

const filter = Filter.create({
  must: [
    {
      conditionOneOf: {
        $case: 'field',
        value: { key: 'a', match: { matchValue: { $case: 'keywords', value: { strings: ['x', 'y'] } } } },
      },
    },
  ],
  mustNot: [{ conditionOneOf: { $case: 'isEmpty', value: { key: 'b[].c' } } }],
});

const point: PointStruct = {
  id: { pointIdOptions: { $case: 'num', value: 1n } },
  payload: new Map([['a', { kind: { $case: 'stringValue', value: 'x' } }]]),
  vectors: {
    vectorsOptions: {
      $case: 'vector',
      value: { data: [], vector: { $case: 'dense', value: { data: [1, 2, 3, 4] } } },
    },
  },
};

const collectionName = 'c';
const creation = CreateCollection.encode(
  CreateCollection.create({
    collectionName,
    vectorsConfig: { config: { $case: 'params', value: { size: 4n, distance: Distance.Dot } } },
  }),
).finish();
const pointsSelector = { pointsSelectorOneOf: { $case: 'filter', value: filter } } as const;

/** Requests that are good as they stand, to be damaged. */
const seeds: readonly (readonly [string, Uint8Array])[] = [
  ['/qdrant.Collections/Create', creation],
  ['/qdrant.Points/Upsert', UpsertPoints.encode({ collectionName, wait: true, points: [point, point] }).finish()],
  ['/qdrant.Points/Count', CountPoints.encode({ collectionName, filter, exact: true }).finish()],
  [
    '/qdrant.Points/Query',
    QueryPoints.encode({
      collectionName,
      prefetch: [],
      query: { variant: { $case: 'nearest', value: { variant: { $case: 'dense', value: { data: [1, 2, 3, 4] } } } } },
      filter,
      limit: 3n,
    }).finish(),
  ],
  [
    '/qdrant.Points/SetPayload',
    SetPayloadPoints.encode({ collectionName, payload: point.payload, pointsSelector, key: 'a.b' }).finish(),
  ],
  [
    '/qdrant.Points/UpdateBatch',
    UpdateBatchPoints.encode({
      collectionName,
      wait: true,
      operations: [
        { operation: { $case: 'upsert', value: { points: [point] } } },
        { operation: { $case: 'deletePayload', value: { keys: ['a'], pointsSelector } } },
      ],
    }).finish(),
  ],
];

const paths = [CollectionsDefinition, PointsDefinition, SnapshotsDefinition, QdrantDefinition].flatMap((service) =>
  Object.values(service.methods).map(({ name }) => `/${service.fullName}/${name}`),
);

const answers: readonly status[] = [
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.UNIMPLEMENTED,
];

let node: NodeProcess;
let grpc: RawGrpcClient;

beforeAll(async () => {
  node = await NodeProcess.start();
  grpc = new RawGrpcClient(node.grpcPort ?? 0);
  for (const [path, request] of seeds) {
    const { details } = await grpc.call(path, request);
    expect(details, path).toBe('');
  }
});

afterAll(async () => {
  grpc.close();
  await node.remove();
});

async function isAnswered(path: string, request: Uint8Array): Promise<void> {
  const { code, details } = await grpc.call(path, request);
  expect(answers, `${path}: ${details}`).toContain(code);
  expect(node.alive).toBe(true);
}

test('any bytes to any method', { timeout: 120_000 }, async () => {
  const anyRequest = fc.tuple(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 120 }));
  await fc.assert(
    fc.asyncProperty(anyRequest, ([path, request]) => isAnswered(path, request)),
    { seed: 1, numRuns: 400 },
  );
});

test('good requests with some bytes changed, left out or repeated', { timeout: 120_000 }, async () => {
  const damage = fc.array(
    fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), kind: fc.constantFrom('change', 'drop', 'repeat') }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), damage, async ([path, request], changes) => {
      const bytes = [...request];
      for (const { at, byte, kind } of changes) {
        const position = at % bytes.length;
        if (kind === 'change') bytes[position] = byte;
        else if (kind === 'drop') bytes.splice(position, 1 + (byte % 4));
        else bytes.splice(position, 0, ...bytes.slice(position, position + (byte % 16)));
        if (bytes.length === 0) bytes.push(byte);
      }
      await isAnswered(path, Uint8Array.from(bytes));
    }),
    { seed: 2, numRuns: 800 },
  );
});
