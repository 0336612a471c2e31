/** The official gRPC client for JavaScript, unchanged. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CollectionStatus,
  ConnectErrorCode,
  Distance,
  QdrantClient,
  UpdateStatus,
  type ConditionSchema,
  type FilterSchema,
  type PointsSelectorSchema,
  type PointStructSchema,
  type ValueSchema,
} from '@qdrant/js-client-grpc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';

let node: NodeProcess;
let client: QdrantClient;

beforeAll(async () => {
  node = await NodeProcess.start();
  client = new QdrantClient({ host: '127.0.0.1', port: node.grpcPort ?? 0 });
});

afterAll(() => node.remove());

const num = (value: bigint) => ({ pointIdOptions: { case: 'num', value } }) as const;
const text = (value: string): MessageInitShape<typeof ValueSchema> => ({ kind: { case: 'stringValue', value } });
const integer = (value: bigint): MessageInitShape<typeof ValueSchema> => ({ kind: { case: 'integerValue', value } });
const real = (value: number): MessageInitShape<typeof ValueSchema> => ({ kind: { case: 'doubleValue', value } });

function point(
  id: bigint,
  vector: number[],
  payload: Record<string, MessageInitShape<typeof ValueSchema>> = {},
): MessageInitShape<typeof PointStructSchema> {
  return {
    id: num(id),
    payload,
    vectors: {
      vectorsOptions: { case: 'vector', value: { vector: { case: 'dense', value: { data: vector } } } },
    },
  };
}

function keyword(key: string, value: string): MessageInitShape<typeof ConditionSchema> {
  return { conditionOneOf: { case: 'field', value: { key, match: { matchValue: { case: 'keyword', value } } } } };
}

const selecting = (...ids: bigint[]): MessageInitShape<typeof PointsSelectorSchema> => ({
  pointsSelectorOneOf: { case: 'points', value: { ids: ids.map(num) } },
});

const numbers = (points: readonly { readonly id?: { readonly pointIdOptions: unknown } }[]): unknown[] =>
  points.map(({ id }) => (id?.pointIdOptions as { value: unknown }).value);

const nearest = (data: number[]) =>
  ({ variant: { case: 'nearest', value: { variant: { case: 'dense', value: { data } } } } }) as const;

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'accepted';
}

describe('@qdrant/js-client-grpc', () => {
  test('creates and describes a collection', async () => {
    const { result } = await client.api('collections').create({
      collectionName: 'words',
      vectorsConfig: { config: { case: 'params', value: { size: 3n, distance: Distance.Cosine } } },
      metadata: { owner: text('ours'), serial: integer(2n ** 53n + 1n), ratio: real(1) },
    });
    expect(result).toBe(true);
    const { result: info } = await client.api('collections').get({ collectionName: 'words' });
    expect(info?.status).toBe(CollectionStatus.Green);
    const config = info?.config?.params?.vectorsConfig?.config;
    expect(config).toMatchObject({ case: 'params', value: { size: 3n, distance: Distance.Cosine } });
    expect(info?.config?.metadata).toMatchObject({
      owner: { kind: { case: 'stringValue', value: 'ours' } },
      serial: { kind: { case: 'integerValue', value: 2n ** 53n + 1n } },
      ratio: { kind: { case: 'doubleValue', value: 1 } },
    });
    const { collections } = await client.api('collections').list({});
    expect(collections.map(({ name }) => name)).toEqual(['words']);
  });

  test('writes, reads and searches points', async () => {
    const { result } = await client.api('points').upsert({
      collectionName: 'words',
      wait: true,
      points: [
        point(1n, [1, 0, 0], { kind: text('noun'), n: integer(-(2n ** 63n)), one: integer(1n), real: real(1) }),
        point(2n ** 64n - 1n, [0, 1, 0], { kind: text('verb') }),
        point(2n ** 53n + 1n, [0.6, 0.8, 0]),
      ],
    });
    expect(result?.status).toBe(UpdateStatus.Completed);
    const { result: found } = await client.api('points').query({
      collectionName: 'words',
      query: nearest([1, 0, 0]),
      limit: 2n,
      withPayload: { selectorOptions: { case: 'enable', value: true } },
    });
    expect(numbers(found)).toEqual([1n, 2n ** 53n + 1n]);
    expect(found[0]?.payload).toMatchObject({
      n: { kind: { case: 'integerValue', value: -(2n ** 63n) } },
      one: { kind: { case: 'integerValue', value: 1n } },
      real: { kind: { case: 'doubleValue', value: 1 } },
    });
    const { result: records } = await client.api('points').get({
      collectionName: 'words',
      ids: [num(2n ** 64n - 1n)],
      withVectors: { selectorOptions: { case: 'enable', value: true } },
    });
    expect(numbers(records)).toEqual([2n ** 64n - 1n]);
    const vectors = records[0]?.vectors?.vectorsOptions;
    expect(vectors?.case).toBe('vector');
  });

  test('filters, counts, scrolls and deletes', async () => {
    const filter: MessageInitShape<typeof FilterSchema> = { must: [keyword('kind', 'verb')] };
    const { result } = await client.api('points').count({ collectionName: 'words', filter, exact: true });
    expect(result?.count).toBe(1n);
    const page = await client.api('points').scroll({ collectionName: 'words', limit: 2 });
    expect(numbers(page.result)).toEqual([1n, 2n ** 53n + 1n]);
    expect(page.nextPageOffset).toMatchObject(num(2n ** 64n - 1n));
    await client.api('points').delete({
      collectionName: 'words',
      wait: true,
      points: { pointsSelectorOneOf: { case: 'filter', value: filter } },
    });
    const left = await client.api('points').scroll({ collectionName: 'words' });
    expect(numbers(left.result)).toEqual([1n, 2n ** 53n + 1n]);
    expect(left.nextPageOffset).toBeUndefined();
  });

  test('does several operations in one request', async () => {
    const ids = selecting(5n);
    const upserted = point(5n, [0, 0, 1], { a: integer(1n), b: integer(2n) });
    const { result } = await client.api('points').updateBatch({
      collectionName: 'words',
      wait: true,
      operations: [
        { operation: { case: 'upsert', value: { points: [upserted] } } },
        { operation: { case: 'setPayload', value: { payload: { c: real(3) }, pointsSelector: ids } } },
        { operation: { case: 'deletePayload', value: { keys: ['a'], pointsSelector: ids } } },
        { operation: { case: 'deletePoints', value: { points: selecting(1n) } } },
      ],
    });
    expect(result.map(({ status }) => status)).toEqual(new Array(4).fill(UpdateStatus.Completed));
    const { result: records } = await client.api('points').get({ collectionName: 'words', ids: [num(1n), num(5n)] });
    expect(numbers(records)).toEqual([5n]);
    expect(Object.keys(records[0]?.payload ?? {}).sort()).toEqual(['b', 'c']);
  });

  test('gets the codes of errors', async () => {
    const points = client.api('points');
    expect(await codeOf(points.count({ collectionName: 'nothing' }))).toBe(ConnectErrorCode.NotFound);
    const wrong = points.query({ collectionName: 'words', query: nearest([1, 2]) });
    expect(await codeOf(wrong)).toBe(ConnectErrorCode.InvalidArgument);
    expect(await codeOf(points.facet({ collectionName: 'words', key: 'a' }))).toBe(ConnectErrorCode.Unimplemented);
    const again = client.api('collections').create({
      collectionName: 'words',
      vectorsConfig: { config: { case: 'params', value: { size: 3n, distance: Distance.Dot } } },
    });
    expect(await codeOf(again)).toBe(ConnectErrorCode.AlreadyExists);
  });
});
