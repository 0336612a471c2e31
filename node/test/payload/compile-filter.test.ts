import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../src/errors.js';
import { compileFilter } from '../../src/payload/compile-filter.js';
import type { Condition, Filter } from '../../src/payload/filter.js';

function filter(clauses: Partial<Filter>): Filter {
  return { must: [], should: [], mustNot: [], ...clauses };
}

function hexOf(condition: Condition): string {
  const program = compileFilter(filter({ must: [condition] }));
  return program === null ? '' : Buffer.from(program).toString('hex');
}

const isNull: Condition = { kind: 'is-null', key: 'k' };
const isNullHex = '2201006b';
const i64 = (hex: string): string => `00${hex}`;

describe('conditions', () => {
  const table: [string, Condition, string][] = [
    [
      'keywords',
      { kind: 'match', key: 'k', match: { type: 'keyword', values: ['a', 'é'] } },
      `1001006b02000000010000006102000000c3a9`,
    ],
    ['except keywords', { kind: 'match-except', key: 'k', match: { type: 'keyword', values: [] } }, '1301006b00000000'],
    [
      'integers of both signs and beyond an i64',
      { kind: 'match', key: 'k', match: { type: 'integer', values: [-1n, 2n ** 64n - 1n] } },
      `1101006b02000000${i64('ffffffffffffffff')}01ffffffffffffffff`,
    ],
    [
      'except integers',
      { kind: 'match-except', key: 'k', match: { type: 'integer', values: [2n ** 53n + 1n] } },
      `1401006b01000000${i64('0100000000002000')}`,
    ],
    ['booleans', { kind: 'match', key: 'k', match: { type: 'bool', value: true } }, '1201006b01'],
    [
      'a range with its bounds in the order of their flags',
      { kind: 'range', key: 'k', bounds: { gte: 1n, lt: 1.5 } },
      `1801006b0902000000000000f83f${i64('0100000000000000')}`,
    ],
    ['a range without bounds', { kind: 'range', key: 'k', bounds: {} }, '1801006b00'],
    [
      'a bound beyond 64 bits, as a double',
      { kind: 'range', key: 'k', bounds: { lt: 2n ** 64n } },
      '1801006b0102000000000000f043',
    ],
    ['ids', { kind: 'has-id', ids: [7n] }, '2001000000000700000000000000'],
    ['is empty', { kind: 'is-empty', key: 'k' }, '2101006b'],
    ['is null', isNull, isNullHex],
    ['values count', { kind: 'values-count', key: 'k', bounds: { gt: 2n } }, '2301006b040200000000000000'],
    ['nested', { kind: 'nested', key: 'k', filter: filter({ must: [isNull] }) }, `2401006b${isNullHex}`],
    ['nested without clauses', { kind: 'nested', key: 'k', filter: filter({}) }, '2401006b05'],
    ['has vector', { kind: 'has-vector', name: '' }, '250000'],
    ['a filter as a condition', { kind: 'filter', filter: filter({ mustNot: [isNull] }) }, `03${isNullHex}`],
  ];
  test.each(table)('%s', (_name, condition, hex) => {
    expect(hexOf(condition)).toBe(hex);
  });
});

describe('clauses', () => {
  test('an empty filter constrains nothing', () => {
    expect(compileFilter(filter({}))).toBeNull();
  });

  test('all of them are joined', () => {
    const program = compileFilter(
      filter({
        must: [isNull, isNull],
        should: [isNull, isNull],
        mustNot: [isNull],
        minShould: { conditions: [isNull], minCount: 2 },
      }),
    );
    expect(Buffer.from(program ?? []).toString('hex')).toBe(
      `0105000000${isNullHex}${isNullHex}0202000000${isNullHex}${isNullHex}03${isNullHex}040200000001000000${isNullHex}`,
    );
  });

  test('one of one is the one', () => {
    expect(Buffer.from(compileFilter(filter({ should: [isNull] })) ?? []).toString('hex')).toBe(isNullHex);
  });

  test('a minimum beyond 32 bits stays out of reach', () => {
    const program = compileFilter(filter({ minShould: { conditions: [], minCount: 2 ** 40 } }));
    expect(Buffer.from(program ?? []).toString('hex')).toBe('04ffffffff00000000');
  });
});

describe('limits', () => {
  const nestedFilters = (levels: number): Filter => {
    let inner = filter({ must: [isNull] });
    for (let level = 1; level < levels; level += 1) inner = filter({ mustNot: [{ kind: 'filter', filter: inner }] });
    return inner;
  };

  test('64 levels and no more', () => {
    expect(compileFilter(nestedFilters(64))).not.toBeNull();
    expect(() => compileFilter(nestedFilters(65))).toThrow('64 levels deep');
  });

  test('65,536 nodes and no more', () => {
    const should = Array.from({ length: 65_535 }, () => isNull);
    expect(compileFilter(filter({ should }))).not.toBeNull();
    expect(() => compileFilter(filter({ should: [...should, isNull] }))).toThrow(
      'filter.should[65535]: a filter has at most 65536',
    );
  });

  test.each<[Condition, string]>([
    [{ kind: 'is-null', key: 'k'.repeat(65_536) }, 'filter.must[0].key: longer than 65535 bytes'],
    [{ kind: 'range', key: 'k', bounds: { gt: Number.NaN } }, 'filter.must[0].range.gt: not a finite number'],
    [{ kind: 'range', key: 'k', bounds: { lte: 10n ** 400n } }, 'filter.must[0].range.lte: not a finite number'],
    [
      { kind: 'values-count', key: 'k', bounds: { gt: -1n } },
      'filter.must[0].values_count.gt: not an unsigned integer',
    ],
    [
      { kind: 'match', key: 'k', match: { type: 'integer', values: [2n ** 64n] } },
      'filter.must[0].match: 18446744073709551616',
    ],
    [{ kind: 'has-id', ids: ['x'] }, 'Unable to parse UUID: x'],
  ])('%#: a value that does not fit names its place', (condition, message) => {
    const compile = (): unknown => compileFilter(filter({ must: [condition] }));
    expect(compile).toThrow(ServiceError);
    expect(compile).toThrow(message);
  });
});
