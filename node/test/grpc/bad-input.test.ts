/** Requests that are wrong: the code, a message that names the field, and a node that lives on. */
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  CreateCollection,
  Distance,
  ShardingMethod,
  UpdateCollection,
  type DeepPartial as CollectionParts,
} from '../../src/api/grpc/generated/collections.js';
import {
  CreateFieldIndexCollection,
  DeletePayloadPoints,
  DeletePoints,
  FieldType,
  GetPoints,
  QueryPoints,
  ScrollPoints,
  SearchPoints,
  SetPayloadPoints,
  UpdateBatchPoints,
  UpdateMode,
  UpdatePointVectors,
  UpsertPoints,
  WriteOrderingType,
  type DeepPartial,
  type PointsSelector,
  type PointStruct,
  type PointsUpdateOperation,
  type Vectors,
} from '../../src/api/grpc/generated/points.js';
import { NodeProcess } from '../harness/node-process.js';
import { RawGrpcClient } from '../harness/raw-grpc.js';

interface Encoder<T> {
  create(base?: DeepPartial<T>): T;
  encode(message: T): { finish(): Uint8Array };
}

let node: NodeProcess;
let grpc: RawGrpcClient;

beforeAll(async () => {
  node = await NodeProcess.start();
  grpc = new RawGrpcClient(node.grpcPort ?? 0);
  const request = CreateCollection.create({
    collectionName: 'c',
    vectorsConfig: { config: { $case: 'params', value: { size: 4n, distance: Distance.Dot } } },
  });
  await grpc.call('/qdrant.Collections/Create', CreateCollection.encode(request).finish());
  const good = UpsertPoints.create({ collectionName: 'c', wait: true, points: [point({})] });
  expect((await grpc.call('/qdrant.Points/Upsert', UpsertPoints.encode(good).finish())).details).toBe('');
});

afterAll(async () => {
  grpc.close();
  await node.remove();
});

afterEach(() => expect(node.alive).toBe(true));

const id = { pointIdOptions: { $case: 'num', value: 1n } } as const;

function dense(data: number[]): DeepPartial<Vectors> {
  return { vectorsOptions: { $case: 'vector', value: { vector: { $case: 'dense', value: { data } } } } };
}

function named(name: string, data: number[]): DeepPartial<Vectors> {
  const vectors = new Map([[name, { data: [], vector: { $case: 'dense' as const, value: { data } } }]]);
  return { vectorsOptions: { $case: 'vectors', value: { vectors } } };
}

function point(changes: DeepPartial<PointStruct>): DeepPartial<PointStruct> {
  return { id, vectors: dense([1, 2, 3, 4]), ...changes };
}

async function refusal(path: string, request: Uint8Array, code = status.INVALID_ARGUMENT): Promise<string> {
  const reply = await grpc.call(path, request);
  expect([reply.code, reply.details]).toEqual([code, expect.any(String)]);
  return reply.details;
}

function bytes<T>(encoder: Encoder<T>, message: DeepPartial<T>): Uint8Array {
  return encoder.encode(encoder.create(message)).finish();
}

describe('Upsert', () => {
  test.each<[string, DeepPartial<UpsertPoints>, string]>([
    ['no id', { points: [{ vectors: dense([1, 2, 3, 4]) }] }, 'id'],
    ['an id that is no UUID', { points: [point({ id: { pointIdOptions: { $case: 'uuid', value: 'x' } } })] }, 'UUID'],
    ['too short a vector', { points: [point({ vectors: dense([1, 2, 3]) })] }, 'expected dim: 4, got 3'],
    ['an unknown vector name', { points: [point({ vectors: named('x', [1, 2, 3, 4]) })] }, 'x'],
    ['NaN', { points: [point({ vectors: dense([1, 2, 3, Number.NaN]) })] }, 'Vector'],
    ['infinity', { points: [point({ vectors: dense([1, 2, 3, Infinity]) })] }, 'Vector'],
    [
      'a shard key',
      { points: [point({})], shardKeySelector: { shardKeys: [{ key: { $case: 'keyword', value: 'k' } }] } },
      'shard_key_selector',
    ],
    ['a condition', { points: [point({})], updateFilter: {} }, 'update_filter'],
    ['a mode', { points: [point({})], updateMode: UpdateMode.InsertOnly }, 'update_mode'],
    ['an unknown ordering', { points: [point({})], ordering: { type: WriteOrderingType.UNRECOGNIZED } }, 'ordering'],
    ['no time to wait', { points: [point({})], timeout: 0n }, 'timeout'],
  ])('%s', async (_name, message, words) => {
    const request = bytes(UpsertPoints, { collectionName: 'c', wait: true, ...message });
    expect(await refusal('/qdrant.Points/Upsert', request)).toContain(words);
  });

  test('a message that is cut off', async () => {
    const whole = bytes(UpsertPoints, { collectionName: 'c', points: [point({})] });
    expect(await refusal('/qdrant.Points/Upsert', whole.subarray(0, whole.length - 3))).toContain('UpsertPoints');
  });

  test('an unknown collection', async () => {
    const request = bytes(UpsertPoints, { collectionName: 'nothing', points: [point({})] });
    expect(await refusal('/qdrant.Points/Upsert', request, status.NOT_FOUND)).toContain('nothing');
  });
});

describe('other writes', () => {
  test('vectors of a point that is not there', async () => {
    const missing = { pointIdOptions: { $case: 'num', value: 99n } } as const;
    const points = [{ id: missing, vectors: dense([1, 2, 3, 4]) }];
    const request = bytes(UpdatePointVectors, { collectionName: 'c', wait: true, points });
    expect(await refusal('/qdrant.Points/UpdateVectors', request, status.NOT_FOUND)).toContain('99');
  });

  test('a deletion that selects nothing by any means', async () => {
    expect(await refusal('/qdrant.Points/Delete', bytes(DeletePoints, { collectionName: 'c' }))).toContain('points');
  });

  test('payload changes without points or keys', async () => {
    const set = bytes(SetPayloadPoints, { collectionName: 'c' });
    expect(await refusal('/qdrant.Points/SetPayload', set)).toContain('points_selector');
    const selecting: DeepPartial<PointsSelector> = { pointsSelectorOneOf: { $case: 'points', value: { ids: [id] } } };
    const keyless = bytes(DeletePayloadPoints, { collectionName: 'c', pointsSelector: selecting });
    expect(await refusal('/qdrant.Points/DeletePayload', keyless)).toContain('keys');
    const atKey = bytes(SetPayloadPoints, { collectionName: 'c', pointsSelector: selecting, key: 'a' });
    expect(await refusal('/qdrant.Points/OverwritePayload', atKey)).toContain('key');
  });

  test('a batch names the operation that is wrong', async () => {
    const good: DeepPartial<PointsUpdateOperation> = {
      operation: { $case: 'upsert', value: { points: [point({})] } },
    };
    const request = bytes(UpdateBatchPoints, { collectionName: 'c', operations: [good, {}] });
    expect(await refusal('/qdrant.Points/UpdateBatch', request)).toContain('operations[1]');
  });

  test.each<[string, DeepPartial<CreateFieldIndexCollection>, string]>([
    ['no type', { fieldName: 'a' }, 'field_type'],
    ['a type that is not served', { fieldName: 'a', fieldType: FieldType.FieldTypeText }, 'text'],
    [
      'parameters of another type',
      {
        fieldName: 'a',
        fieldType: FieldType.FieldTypeFloat,
        fieldIndexParams: { indexParams: { $case: 'boolIndexParams', value: {} } },
      },
      'field_index_params',
    ],
  ])('an index with %s', async (_name, message, words) => {
    const request = bytes(CreateFieldIndexCollection, { collectionName: 'c', ...message });
    expect(await refusal('/qdrant.Points/CreateFieldIndex', request)).toContain(words);
  });
});

describe('reads', () => {
  const query = (data: number[]): DeepPartial<QueryPoints> => ({
    query: { variant: { $case: 'nearest', value: { variant: { $case: 'dense', value: { data } } } } },
  });

  test.each<[string, DeepPartial<QueryPoints>, string]>([
    ['a vector of another length', query([1]), 'expected dim: 4, got 1'],
    ['an unknown vector name', { ...query([1, 2, 3, 4]), using: 'x' }, 'x'],
    ['a filter that is not served', { ...query([1, 2, 3, 4]), filter: { must: [{}] } }, 'filter.must[0]'],
    ['a limit of none', { ...query([1, 2, 3, 4]), limit: 0n }, 'limit'],
  ])('Query with %s', async (_name, message, words) => {
    const request = bytes(QueryPoints, { collectionName: 'c', ...message });
    expect(await refusal('/qdrant.Points/Query', request)).toContain(words);
  });

  test('Query by a point that is not there', async () => {
    const missing = { pointIdOptions: { $case: 'num', value: 99n } } as const;
    const request = bytes(QueryPoints, {
      collectionName: 'c',
      query: { variant: { $case: 'nearest', value: { variant: { $case: 'id', value: missing } } } },
    });
    expect(await refusal('/qdrant.Points/Query', request, status.NOT_FOUND)).toContain('99');
  });

  test('Search without a limit, Get of no id, Scroll by a payload key', async () => {
    const search = bytes(SearchPoints, { collectionName: 'c', vector: [1, 2, 3, 4] });
    expect(await refusal('/qdrant.Points/Search', search)).toContain('limit');
    expect(await refusal('/qdrant.Points/Get', bytes(GetPoints, { collectionName: 'c', ids: [{}] }))).toContain(
      'ids[0]',
    );
    const scroll = bytes(ScrollPoints, { collectionName: 'c', orderBy: { key: 'a' } });
    expect(await refusal('/qdrant.Points/Scroll', scroll)).toContain('order_by');
  });
});

describe('collections', () => {
  const vectors = { config: { $case: 'params', value: { size: 4n, distance: Distance.Dot } } } as const;

  test.each<[string, CollectionParts<CreateCollection>, string]>([
    ['no name', { vectorsConfig: vectors }, 'name'],
    ['a name with a slash', { collectionName: 'a/b', vectorsConfig: vectors }, 'collection_name'],
    [
      'no size',
      { collectionName: 'd', vectorsConfig: { config: { $case: 'params', value: { distance: Distance.Dot } } } },
      'size',
    ],
    [
      'no distance',
      { collectionName: 'd', vectorsConfig: { config: { $case: 'params', value: { size: 4n } } } },
      'distance',
    ],
    ['quantisation', { collectionName: 'd', vectorsConfig: vectors, quantizationConfig: {} }, 'quantization_config'],
    [
      'custom sharding',
      { collectionName: 'd', vectorsConfig: vectors, shardingMethod: ShardingMethod.Custom },
      'sharding_method',
    ],
    [
      'an enormous graph',
      { collectionName: 'd', vectorsConfig: vectors, hnswConfig: { m: 2n ** 40n } },
      'hnsw_config.m',
    ],
    [
      'strict mode',
      { collectionName: 'd', vectorsConfig: vectors, strictModeConfig: { enabled: true } },
      'strict_mode_config',
    ],
  ])('Create with %s', async (_name, message, words) => {
    const request = CreateCollection.encode(CreateCollection.create(message)).finish();
    expect(await refusal('/qdrant.Collections/Create', request)).toContain(words);
  });

  test('Create of what is there', async () => {
    const request = CreateCollection.encode(
      CreateCollection.create({ collectionName: 'c', vectorsConfig: vectors }),
    ).finish();
    expect(await refusal('/qdrant.Collections/Create', request, status.ALREADY_EXISTS)).toContain('c');
  });

  test('Update of a vector that is not there', async () => {
    const map = new Map([['x', { onDisk: true }]]);
    const request = UpdateCollection.encode({
      collectionName: 'c',
      vectorsConfig: { config: { $case: 'paramsMap', value: { map } } },
      metadata: new Map(),
    }).finish();
    expect(await refusal('/qdrant.Collections/Update', request)).toContain('x');
  });
});
