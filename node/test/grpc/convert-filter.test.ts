import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../src/errors.js';
import { filter } from '../../src/api/grpc/convert/filter.js';
import {
  Filter,
  type Condition,
  type FieldCondition,
  type NestedCondition,
  type PointId,
} from '../../src/api/grpc/generated/qdrant_common.js';
import type { DeepPartial } from '../../src/api/grpc/generated/qdrant_common.js';
import type { Condition as EngineCondition } from '../../src/payload/filter.js';

function converted(condition: DeepPartial<Condition>): EngineCondition {
  return filter(Filter.create({ must: [condition] }), 'filter').must[0]!;
}

function field(condition: DeepPartial<FieldCondition>): EngineCondition {
  return converted({ conditionOneOf: { $case: 'field', value: condition } });
}

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

describe('matches', () => {
  const big = -(2n ** 63n);
  test.each<[string, DeepPartial<FieldCondition>, EngineCondition]>([
    [
      'a keyword',
      { key: 'a', match: { matchValue: { $case: 'keyword', value: 'x' } } },
      { kind: 'match', key: 'a', match: { type: 'keyword', values: ['x'] } },
    ],
    [
      'the smallest integer',
      { key: 'a', match: { matchValue: { $case: 'integer', value: big } } },
      { kind: 'match', key: 'a', match: { type: 'integer', values: [big] } },
    ],
    [
      'a boolean',
      { key: 'a', match: { matchValue: { $case: 'boolean', value: false } } },
      { kind: 'match', key: 'a', match: { type: 'bool', value: false } },
    ],
    [
      'any of several keywords',
      { key: 'a', match: { matchValue: { $case: 'keywords', value: { strings: ['x', 'y'] } } } },
      { kind: 'match', key: 'a', match: { type: 'keyword', values: ['x', 'y'] } },
    ],
    [
      'none of several integers',
      { key: 'a', match: { matchValue: { $case: 'exceptIntegers', value: { integers: [1n] } } } },
      { kind: 'match-except', key: 'a', match: { type: 'integer', values: [1n] } },
    ],
  ])('%s', (_name, message, expected) => {
    expect(field(message)).toEqual(expected);
  });
});

test('bounds keep what is set, and only that', () => {
  expect(field({ key: 'a.b[].c', range: { gte: 1, lt: 2.5 } })).toEqual({
    kind: 'range',
    key: 'a.b[].c',
    bounds: { gte: 1, lt: 2.5 },
  });
  expect(field({ key: 'a', valuesCount: { gt: 2n ** 64n - 1n } })).toEqual({
    kind: 'values-count',
    key: 'a',
    bounds: { gt: 2n ** 64n - 1n },
  });
});

test('match and range of one key are alternatives', () => {
  const condition = field({
    key: 'a',
    match: { matchValue: { $case: 'integer', value: 1n } },
    range: { gt: 5 },
  });
  expect(condition).toMatchObject({
    kind: 'filter',
    filter: { must: [], should: [{ kind: 'match' }, { kind: 'range' }] },
  });
});

test('conditions beside fields', () => {
  expect(converted({ conditionOneOf: { $case: 'isEmpty', value: { key: 'a' } } })).toEqual({
    kind: 'is-empty',
    key: 'a',
  });
  expect(converted({ conditionOneOf: { $case: 'isNull', value: { key: 'a' } } })).toEqual({
    kind: 'is-null',
    key: 'a',
  });
  expect(converted({ conditionOneOf: { $case: 'hasVector', value: { hasVector: '' } } })).toEqual({
    kind: 'has-vector',
    name: '',
  });
  const ids: DeepPartial<PointId>[] = [
    { pointIdOptions: { $case: 'num', value: 2n ** 53n + 1n } },
    { pointIdOptions: { $case: 'uuid', value: '936DA01F9ABD4D9D80C702AF85C822A8' } },
  ];
  expect(converted({ conditionOneOf: { $case: 'hasId', value: { hasId: ids } } })).toEqual({
    kind: 'has-id',
    ids: [2n ** 53n + 1n, '936da01f-9abd-4d9d-80c7-02af85c822a8'],
  });
  const nested: DeepPartial<NestedCondition> = {
    key: 'a[]',
    filter: { mustNot: [{ conditionOneOf: { $case: 'isEmpty', value: { key: 'b' } } }] },
  };
  expect(converted({ conditionOneOf: { $case: 'nested', value: nested } })).toMatchObject({
    kind: 'nested',
    key: 'a[]',
    filter: { mustNot: [{ kind: 'is-empty', key: 'b' }] },
  });
});

test('min_should', () => {
  const message = Filter.create({
    minShould: { conditions: [{ conditionOneOf: { $case: 'isNull', value: { key: 'a' } } }], minCount: 1n },
  });
  expect(filter(message, 'filter').minShould).toEqual({ conditions: [{ kind: 'is-null', key: 'a' }], minCount: 1 });
});

test.each<[string, DeepPartial<FieldCondition>]>([
  ['filter.must[0].field.match.text', { key: 'a', match: { matchValue: { $case: 'text', value: 'x' } } }],
  ['filter.must[0].field.match.phrase', { key: 'a', match: { matchValue: { $case: 'phrase', value: 'x' } } }],
  ['filter.must[0].field.geo_radius', { key: 'a', geoRadius: { radius: 1 } }],
  ['filter.must[0].field.geo_bounding_box', { key: 'a', geoBoundingBox: {} }],
  ['filter.must[0].field.geo_polygon', { key: 'a', geoPolygon: {} }],
  ['filter.must[0].field.datetime_range', { key: 'a', datetimeRange: {} }],
  ['filter.must[0].field.match', { key: 'a', match: {} }],
  ['filter.must[0].field.key', { range: { gt: 1 } }],
  ['filter.must[0].field', { key: 'a' }],
  ['filter.must[0].field.range.gt', { key: 'a', range: { gt: Number.NaN } }],
  ['filter.must[0].field', { key: 'a', isEmpty: true, range: { gt: 1 } }],
])('%s is refused by name', (name, message) => {
  expect(refusal(() => field(message))).toContain(name);
});

test('a condition without any test is refused', () => {
  expect(refusal(() => converted({}))).toContain('filter.must[0]');
});

test('an id that is no UUID is refused', () => {
  const hasId: DeepPartial<PointId>[] = [{ pointIdOptions: { $case: 'uuid', value: 'x' } }];
  expect(refusal(() => converted({ conditionOneOf: { $case: 'hasId', value: { hasId } } }))).toContain('has_id[0]');
});

test('depth is bounded', () => {
  let message = Filter.create({});
  for (let level = 0; level < 70; level += 1) {
    message = Filter.create({ must: [{ conditionOneOf: { $case: 'filter', value: message } }] });
  }
  expect(refusal(() => filter(message, 'filter'))).toContain('deeper than 64');
});
