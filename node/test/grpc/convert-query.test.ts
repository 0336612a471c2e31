import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../src/errors.js';
import { queryPlan, searchPlan } from '../../src/api/grpc/convert/query.js';
import {
  Fusion,
  QueryPoints,
  ReadConsistencyType,
  Sample,
  SearchPoints,
  type DeepPartial,
  type Query,
} from '../../src/api/grpc/generated/points.js';

const nearest = (data: number[]): DeepPartial<Query> => ({
  variant: { $case: 'nearest', value: { variant: { $case: 'dense', value: { data } } } },
});

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) {
      expect(error.grpcCode).toBe(3);
      return error.text;
    }
    throw error;
  }
  throw new Error('It was accepted');
}

test('a query by vector, with everything that goes with it', () => {
  const plan = queryPlan(
    QueryPoints.create({
      query: nearest([1, 0.5]),
      using: 'title',
      filter: {},
      params: { hnswEf: 64n, exact: true, indexedOnly: true },
      scoreThreshold: 0.25,
      limit: 3n,
      offset: 2n,
      withPayload: { selectorOptions: { $case: 'exclude', value: { fields: ['a.b'] } } },
      withVectors: { selectorOptions: { $case: 'include', value: { names: ['', 'title'] } } },
    }),
  );
  expect(plan).toEqual({
    node: { kind: 'nearest', target: { kind: 'vector', vector: Float32Array.of(1, 0.5) }, using: 'title' },
    filter: { must: [], should: [], mustNot: [] },
    params: { hnswEf: 64, exact: true, indexedOnly: true },
    scoreThreshold: 0.25,
    limit: 3,
    offset: 2,
    withPayload: { mode: 'exclude', paths: ['a.b'] },
    withVectors: { mode: 'include', names: ['', 'title'] },
  });
});

test('what is left out takes the defaults', () => {
  expect(queryPlan(QueryPoints.create({}))).toEqual({
    node: { kind: 'by-id' },
    filter: null,
    params: { hnswEf: null, exact: false, indexedOnly: false },
    scoreThreshold: null,
    limit: 10,
    offset: 0,
    withPayload: { mode: 'none' },
    withVectors: { mode: 'none' },
  });
});

test('a query by a stored point', () => {
  const id = { pointIdOptions: { $case: 'num', value: 2n ** 64n - 1n } } as const;
  const query = { variant: { $case: 'nearest', value: { variant: { $case: 'id', value: id } } } } as const;
  expect(queryPlan(QueryPoints.create({ query })).node).toEqual({
    kind: 'nearest',
    target: { kind: 'point', id: 2n ** 64n - 1n },
    using: '',
  });
});

test('the older search message means the same', () => {
  const plan = searchPlan(SearchPoints.create({ vector: [1, 2], limit: 5n, vectorName: 'title', offset: 1n }));
  expect(plan).toMatchObject({
    node: { kind: 'nearest', target: { kind: 'vector', vector: Float32Array.of(1, 2) }, using: 'title' },
    limit: 5,
    offset: 1,
  });
});

describe('what is not served is refused by name, never left out', () => {
  const id = { pointIdOptions: { $case: 'num', value: 1n } } as const;
  test.each<[string, DeepPartial<QueryPoints>]>([
    ['prefetch', { prefetch: [{}] }],
    ['lookup_from', { lookupFrom: { collectionName: 'other' } }],
    ['shard_key_selector', { shardKeySelector: { shardKeys: [{ key: { $case: 'number', value: 1n } }] } }],
    ['query.recommend', { query: { variant: { $case: 'recommend', value: {} } } }],
    ['query.discover', { query: { variant: { $case: 'discover', value: {} } } }],
    ['query.context', { query: { variant: { $case: 'context', value: {} } } }],
    ['query.order_by', { query: { variant: { $case: 'orderBy', value: { key: 'a' } } } }],
    ['query.fusion', { query: { variant: { $case: 'fusion', value: Fusion.RRF } } }],
    ['query.sample', { query: { variant: { $case: 'sample', value: Sample.Random } } }],
    ['query.formula', { query: { variant: { $case: 'formula', value: {} } } }],
    ['query.rrf', { query: { variant: { $case: 'rrf', value: {} } } }],
    ['query.nearest_with_mmr', { query: { variant: { $case: 'nearestWithMmr', value: {} } } }],
    ['query.relevance_feedback', { query: { variant: { $case: 'relevanceFeedback', value: {} } } }],
    [
      'query.nearest.sparse',
      { query: { variant: { $case: 'nearest', value: { variant: { $case: 'sparse', value: {} } } } } },
    ],
    [
      'query.nearest.document',
      { query: { variant: { $case: 'nearest', value: { variant: { $case: 'document', value: {} } } } } },
    ],
    ['params.quantization', { query: nearest([1]), params: { quantization: { ignore: true } } }],
    ['params.hnsw_ef', { query: nearest([1]), params: { hnswEf: 1_000_001n } }],
    ['params.acorn', { query: nearest([1]), params: { acorn: { enable: true } } }],
    ['query', { query: {} }],
    ['limit', { query: nearest([1]), limit: 0n }],
    ['offset', { query: nearest([1]), offset: 2n ** 40n }],
    ['query.nearest.dense[1]', { query: nearest([1, Number.NaN]) }],
    ['query.nearest.dense', { query: nearest([]) }],
    ['score_threshold', { query: nearest([1]), scoreThreshold: Infinity }],
    [
      'read_consistency.factor',
      {
        query: { variant: { $case: 'nearest', value: { variant: { $case: 'id', value: id } } } },
        readConsistency: { value: { $case: 'factor', value: 0n } },
      },
    ],
    [
      'read_consistency.type',
      { readConsistency: { value: { $case: 'type', value: ReadConsistencyType.UNRECOGNIZED } } },
    ],
    ['with_payload', { withPayload: {} }],
  ])('%s', (name, message) => {
    expect(refusal(() => queryPlan(QueryPoints.create(message)))).toContain(name);
  });
});
