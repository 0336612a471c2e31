/** What goes in through one API comes out of the other, digit for digit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CreateCollection, Distance } from '../../src/api/grpc/generated/collections.js';
import { NullValue, type Value } from '../../src/api/grpc/generated/json_with_int.js';
import {
  GetPoints,
  GetResponse,
  PointsOperationResponse,
  ScrollPoints,
  ScrollResponse,
  SetPayloadPoints,
  UpsertPoints,
} from '../../src/api/grpc/generated/points.js';
import type { PointId } from '../../src/api/grpc/generated/qdrant_common.js';
import { NodeProcess } from '../harness/node-process.js';
import { RawGrpcClient } from '../harness/raw-grpc.js';
import { restCaller, type RestCaller } from '../harness/rest.js';

let node: NodeProcess;
let rest: RestCaller;
let grpc: RawGrpcClient;

const num = (value: bigint): PointId => ({ pointIdOptions: { $case: 'num', value } });

beforeAll(async () => {
  node = await NodeProcess.start();
  rest = restCaller(node.url);
  grpc = new RawGrpcClient(node.grpcPort ?? 0);
  const request = CreateCollection.create({
    collectionName: 'c',
    vectorsConfig: { config: { $case: 'params', value: { size: 2n, distance: Distance.Dot } } },
  });
  const { details } = await grpc.call('/qdrant.Collections/Create', CreateCollection.encode(request).finish());
  expect(details).toBe('');
});

afterAll(async () => {
  grpc.close();
  await node.remove();
});

async function upsert(id: PointId, payload: readonly (readonly [string, Value])[]): Promise<void> {
  const message = UpsertPoints.create({
    collectionName: 'c',
    wait: true,
    points: [
      {
        id,
        payload: new Map(payload),
        vectors: {
          vectorsOptions: { $case: 'vector', value: { vector: { $case: 'dense', value: { data: [1, 0.1] } } } },
        },
      },
    ],
  });
  const reply = await grpc.call('/qdrant.Points/Upsert', UpsertPoints.encode(message).finish());
  expect(reply.details).toBe('');
  expect(PointsOperationResponse.decode(reply.bytes).result?.status).toBe(2);
}

async function payloadOf(id: PointId): Promise<Map<string, Value>> {
  const message = GetPoints.create({ collectionName: 'c', ids: [id] });
  const { bytes, details } = await grpc.call('/qdrant.Points/Get', GetPoints.encode(message).finish());
  expect(details).toBe('');
  const { result } = GetResponse.decode(bytes);
  expect(result.map((point) => point.id)).toEqual([id]);
  return result[0]?.payload ?? new Map<string, Value>();
}

describe('ids', () => {
  test.each([0n, 2n ** 53n + 1n, 2n ** 64n - 1n])('%s', async (id) => {
    await upsert(num(id), []);
    expect((await rest('GET', `/collections/c/points/${id}`)).text).toContain(`"id":${id},`);
    await rest('POST', '/collections/c/points/delete?wait=true', `{"points":[${id}]}`);
    await rest('PUT', '/collections/c/points?wait=true', `{"points":[{"id":${id},"vector":[1,2]}]}`);
    expect(await payloadOf(num(id))).toEqual(new Map());
  });

  test('a UUID in any spelling is one point, and comes back in the canonical one', async () => {
    const canonical = '936da01f-9abd-4d9d-80c7-02af85c822a8';
    await upsert({ pointIdOptions: { $case: 'uuid', value: '936DA01F9ABD4D9D80C702AF85C822A8' } }, []);
    expect((await rest('GET', `/collections/c/points/${canonical}`)).status).toBe(200);
    const message = GetPoints.create({
      collectionName: 'c',
      ids: [{ pointIdOptions: { $case: 'uuid', value: `urn:uuid:${canonical}` } }],
    });
    const { bytes } = await grpc.call('/qdrant.Points/Get', GetPoints.encode(message).finish());
    expect(GetResponse.decode(bytes).result[0]?.id).toEqual({ pointIdOptions: { $case: 'uuid', value: canonical } });
  });

  test('a page starts and ends at ids of 64 bits', async () => {
    await upsert(num(2n ** 64n - 2n), []);
    await upsert(num(2n ** 64n - 1n), []);
    const page = ScrollPoints.create({ collectionName: 'c', offset: num(2n ** 64n - 2n), limit: 1 });
    const { bytes } = await grpc.call('/qdrant.Points/Scroll', ScrollPoints.encode(page).finish());
    const response = ScrollResponse.decode(bytes);
    expect(response.result.map(({ id }) => id)).toEqual([num(2n ** 64n - 2n)]);
    expect(response.nextPageOffset).toEqual(num(2n ** 64n - 1n));
  });
});

describe('payloads', () => {
  const integer = (value: bigint): Value => ({ kind: { $case: 'integerValue', value } });
  const double = (value: number): Value => ({ kind: { $case: 'doubleValue', value } });

  test.each<[string, Value, string]>([
    ['the least integer', integer(-(2n ** 63n)), '-9223372036854775808'],
    ['the largest signed integer', integer(2n ** 63n - 1n), '9223372036854775807'],
    ['an integer past 2^53', integer(2n ** 53n + 1n), '9007199254740993'],
    ['one', integer(1n), '1'],
    ['one as a double', double(1), '1.0'],
    ['a small double', double(5e-324), '5e-324'],
    ['minus zero', double(-0), '-0.0'],
    ['text', { kind: { $case: 'stringValue', value: 'a"\\\u0000☕𝄞' } }, '"a\\"\\\\\\u0000☕𝄞"'],
    ['null', { kind: { $case: 'nullValue', value: NullValue.NULL_VALUE } }, 'null'],
    ['true', { kind: { $case: 'boolValue', value: true } }, 'true'],
    [
      'a list',
      { kind: { $case: 'listValue', value: { values: [integer(1n), double(1), integer(2n ** 60n)] } } },
      '[1,1.0,1152921504606846976]',
    ],
    [
      'an object',
      { kind: { $case: 'structValue', value: { fields: new Map([['__proto__', double(2)]]) } } },
      '{"__proto__":2.0}',
    ],
  ])('%s', async (_name, value, json) => {
    await upsert(num(7n), [['v', value]]);
    expect((await rest('GET', '/collections/c/points/7')).text).toContain(`"v":${json}}`);
    await rest(
      'PUT',
      '/collections/c/points?wait=true',
      `{"points":[{"id":8,"vector":[1,2],"payload":{"v":${json}}}]}`,
    );
    expect((await payloadOf(num(8n))).get('v')).toEqual(value);
  });

  test('an unsigned integer past 2^63 stays whole in REST and becomes the nearest double in gRPC', async () => {
    const body = '{"points":[{"id":9,"vector":[1,2],"payload":{"v":18446744073709551615}}]}';
    await rest('PUT', '/collections/c/points?wait=true', body);
    expect((await rest('GET', '/collections/c/points/9')).text).toContain('"v":18446744073709551615}');
    expect((await payloadOf(num(9n))).get('v')).toEqual(double(2 ** 64));
  });

  test('set over gRPC at a key of what REST wrote', async () => {
    await rest(
      'PUT',
      '/collections/c/points?wait=true',
      '{"points":[{"id":10,"vector":[1,2],"payload":{"a":{"b":1.0}}}]}',
    );
    const message = SetPayloadPoints.create({
      collectionName: 'c',
      wait: true,
      payload: new Map([['c', integer(2n ** 62n + 1n)]]),
      pointsSelector: { pointsSelectorOneOf: { $case: 'points', value: { ids: [num(10n)] } } },
      key: 'a',
    });
    const { details } = await grpc.call('/qdrant.Points/SetPayload', SetPayloadPoints.encode(message).finish());
    expect(details).toBe('');
    const { text } = await rest('GET', '/collections/c/points/10');
    expect(text).toContain('"payload":{"a":{"b":1.0,"c":4611686018427387905}}');
  });
});
