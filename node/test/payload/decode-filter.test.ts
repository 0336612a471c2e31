import { parse } from 'lossless-json';
import { describe, expect, test } from 'vitest';
import { decodeFilter, DecodeError } from '../../src/payload/decode-filter.js';
import type { Condition, Filter } from '../../src/payload/filter.js';

function decode(json: string): Filter {
  return decodeFilter(parse(json), 'filter');
}

function condition(json: string): Condition | undefined {
  return decode(`{"must":[${json}]}`).must[0];
}

function failure(json: string): { readonly path: string; readonly message: string } {
  try {
    decode(json);
  } catch (error) {
    if (error instanceof DecodeError) return { path: error.path, message: error.message };
    throw error;
  }
  throw new Error(`${json} was accepted`);
}

const none: Filter = { must: [], should: [], mustNot: [] };

describe('clauses', () => {
  test('are lists, single conditions, null or absent', () => {
    const is = (key: string): Condition => ({ kind: 'is-null', key });
    expect(decode('{}')).toEqual(none);
    expect(decode('{"must":null,"should":[]}')).toEqual(none);
    expect(
      decode('{"must":{"is_null":{"key":"a"}},"should":[{"is_null":{"key":"b"}}],"must_not":{"is_null":{"key":"c"}}}'),
    ).toEqual({
      must: [is('a')],
      should: [is('b')],
      mustNot: [is('c')],
    });
    expect(decode('{"min_should":{"conditions":[{"is_null":{"key":"a"}}],"min_count":1}}')).toEqual({
      ...none,
      minShould: { conditions: [is('a')], minCount: 1 },
    });
  });

  test('stand in each other as conditions', () => {
    expect(condition('{"must_not":[{"is_null":{"key":"a"}}]}')).toEqual({
      kind: 'filter',
      filter: { ...none, mustNot: [{ kind: 'is-null', key: 'a' }] },
    });
    expect(condition('{}')).toEqual({ kind: 'filter', filter: none });
  });
});

describe('conditions', () => {
  const key = '"key":"k"';
  const isEmpty: Condition = { kind: 'is-empty', key: 'k' };
  const table: [string, Condition][] = [
    [`{${key},"match":{"value":"x"}}`, { kind: 'match', key: 'k', match: { type: 'keyword', values: ['x'] } }],
    [`{${key},"match":{"value":true}}`, { kind: 'match', key: 'k', match: { type: 'bool', value: true } }],
    [
      `{${key},"match":{"value":9007199254740993}}`,
      { kind: 'match', key: 'k', match: { type: 'integer', values: [9007199254740993n] } },
    ],
    [
      `{${key},"match":{"any":[18446744073709551615,-9223372036854775808]}}`,
      { kind: 'match', key: 'k', match: { type: 'integer', values: [2n ** 64n - 1n, -(2n ** 63n)] } },
    ],
    [`{${key},"match":{"any":[]}}`, { kind: 'match', key: 'k', match: { type: 'keyword', values: [] } }],
    [
      `{${key},"match":{"except":["a","b"]}}`,
      { kind: 'match-except', key: 'k', match: { type: 'keyword', values: ['a', 'b'] } },
    ],
    [
      `{${key},"range":{"gte":1,"lt":1.0,"gt":null,"lte":1e3}}`,
      { kind: 'range', key: 'k', bounds: { gte: 1n, lt: 1, lte: 1000 } },
    ],
    [`{${key},"values_count":{"gt":2}}`, { kind: 'values-count', key: 'k', bounds: { gt: 2n } }],
    [`{${key},"is_empty":true}`, isEmpty],
    [`{${key},"is_empty":false}`, { kind: 'filter', filter: { ...none, mustNot: [isEmpty] } }],
    [
      `{${key},"is_null":true}`,
      {
        kind: 'filter',
        filter: {
          ...none,
          should: [
            { kind: 'is-null', key: 'k' },
            { kind: 'is-null', key: 'k[]' },
          ],
        },
      },
    ],
    [
      `{${key},"match":{"value":1},"range":{"gt":5}}`,
      {
        kind: 'filter',
        filter: {
          ...none,
          should: [
            { kind: 'match', key: 'k', match: { type: 'integer', values: [1n] } },
            { kind: 'range', key: 'k', bounds: { gt: 5n } },
          ],
        },
      },
    ],
    [`{"is_empty":{${key}}}`, isEmpty],
    [
      `{"has_id":[7,"550E8400E29B41D4A716446655440000"]}`,
      { kind: 'has-id', ids: [7n, '550e8400-e29b-41d4-a716-446655440000'] },
    ],
    [`{"has_vector":"v"}`, { kind: 'has-vector', name: 'v' }],
    [
      `{"nested":{${key},"filter":{"must":[{"is_empty":{"key":"k"}}]}}}`,
      { kind: 'nested', key: 'k', filter: { ...none, must: [isEmpty] } },
    ],
  ];
  test.each(table)('%s', (json, expected) => {
    expect(condition(json)).toEqual(expected);
  });
});

describe('refusals name the place', () => {
  test.each<[string, string, string]>([
    ['[]', 'filter', 'expected a filter, found a list'],
    ['{"musts":[]}', 'filter', 'unknown field `musts`'],
    ['{"must":5}', 'filter.must', 'expected a condition, found the number 5'],
    ['{"must":[1]}', 'filter.must[0]', 'expected a condition'],
    ['{"should":[{"foo":1}]}', 'filter.should[0]', 'data did not match any kind of condition'],
    ['{"must":[{"key":"k"}]}', 'filter.must[0]', 'At least one field condition must be specified'],
    ['{"must":[{"key":5,"match":{"value":1}}]}', 'filter.must[0].key', 'expected a string'],
    ['{"must":[{"key":"k","match":{}}]}', 'filter.must[0].match', 'expected one of `value`, `any`, `except`'],
    [
      '{"must":[{"key":"k","match":{"value":1.0}}]}',
      'filter.must[0].match.value',
      'expected a string, an integer or a boolean',
    ],
    [
      '{"must":[{"key":"k","match":{"any":["a",1]}}]}',
      'filter.must[0].match.any[0]',
      'expected strings or integers only',
    ],
    ['{"must":[{"key":"k","match":{"text":"a"}}]}', 'filter.must[0].match.text', '`text` is not supported'],
    ['{"must":[{"key":"k","match":{"phrase":"a"}}]}', 'filter.must[0].match.phrase', '`phrase` is not supported'],
    ['{"must":[{"key":"k","geo_radius":{}}]}', 'filter.must[0].geo_radius', '`geo_radius` is not supported'],
    [
      '{"must":[{"key":"k","range":{"gt":"2020-01-01"}}]}',
      'filter.must[0].range.gt',
      'dates and times is not supported',
    ],
    ['{"must":[{"key":"k","range":{"gt":true}}]}', 'filter.must[0].range.gt', 'expected a number, found true'],
    [
      '{"must":[{"key":"k","values_count":{"gt":1.5}}]}',
      'filter.must[0].values_count.gt',
      'expected an unsigned integer',
    ],
    [
      '{"must":[{"key":"k","values_count":{"gt":-1}}]}',
      'filter.must[0].values_count.gt',
      'expected an unsigned integer',
    ],
    ['{"must":[{"key":"k","match":{"value":1},"is_empty":true}]}', 'filter.must[0]', 'stand alone'],
    ['{"must":[{"has_id":[-1]}]}', 'filter.must[0].has_id[0]', 'value -1 is not a valid point ID'],
    ['{"must":[{"has_id":["x"]}]}', 'filter.must[0].has_id[0]', 'value x is not a valid point ID'],
    ['{"must":[{"has_id":[1.5]}]}', 'filter.must[0].has_id[0]', 'value 1.5 is not a valid point ID'],
    ['{"must":[{"has_id":7}]}', 'filter.must[0].has_id', 'expected a list of point ids'],
    ['{"must":[{"nested":{"key":"k"}}]}', 'filter.must[0].nested', 'missing field `filter`'],
    [
      '{"must":[{"nested":{"key":"k","filter":{"must":7}}}]}',
      'filter.must[0].nested.filter.must',
      'expected a condition',
    ],
    ['{"min_should":{"conditions":[]}}', 'filter.min_should', 'missing field `min_count`'],
    ['{"min_should":{"conditions":[],"min_count":-1}}', 'filter.min_should.min_count', 'expected an unsigned integer'],
  ])('%s', (json, path, message) => {
    const found = failure(json);
    expect(found.path).toBe(path);
    expect(found.message).toContain(message);
  });

  test('a filter too deep', () => {
    expect(failure(`${'{"must":'.repeat(70)}{}${'}'.repeat(70)}`).message).toContain('64 levels deep');
  });
});
